import Tiles

/// A matrix whose kernel is measured: one of a model's, by the name of the tensor.
public struct MatrixCase: Equatable, Sendable {
    /// The tensor's name, without that of its layer.
    public let name: String
    /// The matrix, or the stack of them.
    public let shape: MatrixShape
    /// False for the head, of which a prompt needs the last token only.
    public let takesChunks: Bool

    /// A matrix to measure.
    public init(name: String, shape: MatrixShape, takesChunks: Bool = true) {
        self.name = name
        self.shape = shape
        self.takesChunks = takesChunks
    }

    /// Those of RecurrentGemma-2B.
    public static let recurrentGemma2B: [MatrixCase] = [
        ("linear_x", 1, 2560, 2560, true), ("input_gate", 10, 256, 256, true), ("up_proj", 1, 7680, 2560, true),
        ("down_proj", 1, 2560, 7680, true), ("head", 1, 256_000, 2560, false),
    ].compactMap { name, count, rows, columns, takesChunks in
        MatrixShape(count: count, rows: rows, columns: columns).map { MatrixCase(name: name, shape: $0, takesChunks: takesChunks) }
    }

    /// Numbers of tokens to measure with: one, as decoding has it, and chunks.
    public static let tokenCounts = [1, 64, 256]
}

extension MatrixShape {
    /// `7680×2560`, `10×256×256`.
    var description: String { (count > 1 ? "\(count)×" : "") + "\(rows)×\(columns)" }

    /// Operations of a product with one token: a multiplication and an addition per weight.
    var operationsPerToken: Int { 2 * weightCount }

    /// The shape with its rows cut so that it has at most `limit` rows of tiles, but at least one per matrix.
    func cut(toRowTiles limit: Int) -> MatrixShape {
        let rowTiles = max(1, min(self.rowTiles, limit / count))
        return MatrixShape(count: count, rows: min(rows, rowTiles * Tile.rows), columns: columns) ?? self
    }
}
