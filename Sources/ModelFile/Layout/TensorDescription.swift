import Tiles

/// What a tensor of a model file is: its name, type, shape and layout.
public struct TensorDescription: Equatable, Sendable {
    /// The name in the checkpoint: printable ASCII without spaces, 1 to 71 bytes.
    public let name: String
    /// What its weights are stored as.
    public let type: WeightType
    /// Outermost dimension first: 1 to 3 for a plain tensor; [outputs, inputs] or [count, outputs, inputs] for a tiled one.
    public let dimensions: [Int]
    /// True for matrices in tiles, false for row-major f32.
    public let isTiled: Bool

    /// A tensor to write. Nothing is checked yet: ``ModelFileWriter`` does.
    public init(name: String, type: WeightType, dimensions: [Int], isTiled: Bool) {
        self.name = name
        self.type = type
        self.dimensions = dimensions
        self.isTiled = isTiled
    }

    /// The tensor as a stack of matrices; nil for a plain one, and for dimensions that no stack can have.
    public var matrixShape: MatrixShape? {
        guard isTiled else { return nil }
        return switch dimensions.count {
        case 2: MatrixShape(rows: dimensions[0], columns: dimensions[1])
        case 3: MatrixShape(count: dimensions[0], rows: dimensions[1], columns: dimensions[2])
        default: nil
        }
    }

    /// Weights in the tensor, padding not counted; nil if the dimensions break a rule.
    public var weightCount: Int? {
        if isTiled { return matrixShape?.weightCount }
        guard (1...3).contains(dimensions.count) else { return nil }
        var count = 1
        for dimension in dimensions {
            let (product, overflow) = count.multipliedReportingOverflow(by: dimension)
            guard (1...MatrixShape.largestDimension).contains(dimension), !overflow else { return nil }
            count = product
        }
        return count
    }

    /// Bytes that the tensor takes in the file; nil if the dimensions break a rule.
    public var byteCount: Int? {
        if isTiled { return matrixShape?.byteCount(type) }
        guard let weightCount else { return nil }
        let (bytes, overflow) = weightCount.multipliedReportingOverflow(by: 4)
        return overflow ? nil : bytes
    }

    /// Nil if the format can hold the tensor; otherwise a clause with what is wrong.
    public var problem: String? {
        if !FileLayout.isName(name.utf8) { return "has a name that is not printable ASCII" }
        if name.utf8.count > FileLayout.longestName {
            return "has a name of \(name.utf8.count) bytes, over \(FileLayout.longestName)"
        }
        if !isTiled && type != .f32 { return "is plain and \(type.name), but only f32 can be plain" }
        if byteCount == nil {
            return "has dimensions \(dimensions), which a \(isTiled ? "tiled" : "plain") tensor can't have"
        }
        return nil
    }
}
