import KernelTypes
import Kernels
import Tiles

/// How work on single numbers is divided among the members of a team: by columns that are whole tiles of the matrix that reads them.
extension ForwardPass {
    /// Columns in a piece of work on one token: a multiple of a tile's.
    private static let pieceColumns = 8 * Tile.columns

    /// Shares out the columns of all tokens.
    @inline(__always)
    func shareColumns(_ width: Int, _ member: TeamMember, _ body: (Range<Int>) -> Void) {
        member.share((width + Tile.columns - 1) / Tile.columns) { tiles in
            body(tiles.lowerBound * Tile.columns..<min(width, tiles.upperBound * Tile.columns))
        }
    }

    /// Shares out tokens and, where these are few, parts of their columns.
    @inline(__always)
    func shareTokensAndColumns(_ tokens: Int, _ width: Int, _ member: TeamMember, _ body: (_ token: Int, _ columns: Range<Int>) -> Void) {
        let columns = tokens < 4 * member.count ? ForwardPass.pieceColumns : width
        let parts = (width + columns - 1) / columns
        member.share(tokens * parts) { items in
            for item in items {
                let first = item % parts * columns
                body(item / parts, first..<min(width, first + columns))
            }
        }
    }

    /// Quantizes some columns of a token's input of one matrix of `shape`; they start with a tile.
    func quantize(_ input: UnsafePointer<Float>, columns: Range<Int>, token: Int, _ shape: MatrixShape) {
        guard let part = MatrixShape(rows: shape.rows, columns: columns.count) else { return }
        kernels.quantize(input, 0, 1, part, quantized(token: token, shape, firstCode: columns.lowerBound))
    }
}
