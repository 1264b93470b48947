import Tiles

/// The numbers of a tensor that are stored as floats and so could be infinite or NaN: the weights of f32 and f16, the scales of q8
/// and q4.
struct StoredFloats {
    private let tensor: TensorEntry
    private var type: WeightType { tensor.type }

    init(_ tensor: TensorEntry) { self.tensor = tensor }

    /// What they are, for a message.
    var what: String { hasScales ? "scales" : "weights" }

    private var hasScales: Bool { type.layout.scaleBytes > 0 }

    /// The bytes after which the layout repeats; a tensor is a whole number of them.
    var unitBytes: Int {
        hasScales ? type.bytesPerTile : type.layout.bits / 8
    }

    /// The first of the units in `bytes`, which are whole and 4-byte aligned, that has a float that is not finite; nil if all are.
    func firstNotFinite(in bytes: UnsafeRawBufferPointer) -> Int? {
        // As a rule all are finite, and checking many at once is faster.
        guard !areFinite(bytes) else { return nil }
        return (0..<bytes.count / unitBytes).first {
            !areFinite(UnsafeRawBufferPointer(rebasing: bytes[$0 * unitBytes..<($0 + 1) * unitBytes]))
        }
    }

    /// Where in the tensor the first such float of a unit is, counted from the tensor's start: the indices of the weight, or of the
    /// first of the block whose scale it is.
    func place(unit: Int, _ bytes: UnsafeRawBufferPointer) -> [Int] {
        guard let shape = tensor.matrixShape else { return indices(unit, tensor.dimensions) }
        let (tile, offset) = (unit * unitBytes).quotientAndRemainder(dividingBy: type.bytesPerTile)
        func isThere(_ row: Int, _ column: Int) -> Bool {
            guard hasScales else { return type.layout.offset(row: row, column: column) == offset }
            let scale = TileLayout.scaleOffset(row: row, block: column / Tile.block)
            return !FiniteNumbers.areFinite(halves: UnsafeRawBufferPointer(rebasing: bytes[scale..<scale + 2]))
        }
        let start = indices(tile, [shape.count, shape.rowTiles, shape.columnTiles])
        for column in stride(from: 0, to: Tile.columns, by: hasScales ? Tile.block : 1) {
            for row in 0..<Tile.rows where isThere(row, column) {
                let place = [start[0], start[1] * Tile.rows + row, start[2] * Tile.columns + column]
                return Array(place.suffix(tensor.dimensions.count))
            }
        }
        return []
    }

    /// The indices of an element of an array, the last one counting fastest.
    private func indices(_ element: Int, _ dimensions: [Int]) -> [Int] {
        var rest = element
        let reversed = dimensions.reversed().map { size in
            defer { rest /= size }
            return rest % size
        }
        return reversed.reversed()
    }

    private func areFinite(_ bytes: UnsafeRawBufferPointer) -> Bool {
        if hasScales {
            return stride(from: 0, to: bytes.count, by: unitBytes).allSatisfy { start in
                FiniteNumbers.areFinite(
                    halves: UnsafeRawBufferPointer(rebasing: bytes[start..<start + type.layout.scaleBytes]))
            }
        }
        return type.layout.bits == 16 ? FiniteNumbers.areFinite(halves: bytes) : FiniteNumbers.areFinite(floats: bytes)
    }
}
