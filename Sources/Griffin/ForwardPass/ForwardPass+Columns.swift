import KernelTypes
import Kernels
import Tiles

/// How work on single numbers is divided among the members of a team: into groups of columns that share no scale with each other.
extension ForwardPass {
    /// Columns that may share a scale.
    private static var scaleColumns: Int { QuantizedActivations.widestScale * Tile.block }
    /// Columns in a share of the work on one token.
    private static var columnsPerShare: Int { 4 * scaleColumns }

    /// Shares out the columns of each run's tokens.
    @inline(__always)
    func shareRunsAndColumns(
        _ chunk: Chunk, _ width: Int, _ member: TeamMember, _ body: (_ number: Int, _ columns: Range<Int>) -> Void
    ) {
        let unit = ForwardPass.scaleColumns
        shareRuns(chunk, parts: (width + unit - 1) / unit, member) { number, units in
            body(number, units.lowerBound * unit..<min(width, units.upperBound * unit))
        }
    }

    /// Shares out tokens and, where these are few, parts of their columns.
    @inline(__always)
    func shareTokensAndColumns(
        _ tokens: Int, _ width: Int, _ member: TeamMember, _ body: (_ token: Int, _ columns: Range<Int>) -> Void
    ) {
        let columns = tokens < 4 * member.count ? ForwardPass.columnsPerShare : width
        let parts = (width + columns - 1) / columns
        member.share(tokens * parts) { items in
            for item in items {
                let first = item % parts * columns
                body(item / parts, first..<min(width, first + columns))
            }
        }
    }

    /// Quantizes some columns of a token's input to a matrix, shared out as above.
    func quantize(_ input: UnsafePointer<Float>, columns: Range<Int>, token: Int, for inputs: SharedInput) -> Bool {
        guard let part = MatrixShape(rows: inputs.shape.rows, columns: columns.count) else { return true }
        return quantize(input, part, token: token, firstCode: columns.lowerBound, for: inputs)
    }
}
