import Quantization

/// The inputs of each matrix of a stack in groups of ``size``, the last of which may be smaller, and how the lower triangles of the
/// groups' second moments lie one after the other. Groups are counted over the stack.
public struct InputGroups: Sendable {
    /// Inputs of a group, whose products with each other are all kept.
    public static let size = InputCovariance.group

    /// Inputs of a matrix.
    public let columns: Int

    /// For matrices of `columns` columns, at least one.
    public init(columns: Int) { self.columns = columns }

    /// Groups of a matrix.
    public var count: Int { (columns + Self.size - 1) / Self.size }

    /// Numbers of the triangles of a matrix.
    public var elementCount: Int { columns / Self.size * Self.triangle(Self.size) + Self.triangle(columns % Self.size) }

    /// The inputs of a group, counted in their matrix.
    public func inputs(ofGroup group: Int) -> Range<Int> {
        let first = group % count * Self.size
        return first..<min(first + Self.size, columns)
    }

    /// Where the triangle of a group lies among those of all groups.
    public func elements(ofGroup group: Int) -> Range<Int> {
        let start = group / count * elementCount + group % count * Self.triangle(Self.size)
        return start..<start + Self.triangle(inputs(ofGroup: group).count)
    }

    /// Numbers of a lower triangle.
    private static func triangle(_ inputs: Int) -> Int { inputs * (inputs + 1) / 2 }
}
