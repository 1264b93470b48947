import Tiles

/// One row of tiles as f32: up to ``Tile/rows`` rows of a matrix, transposed so that they stand side by side, input by input.
///
/// This is the order in which tiles hold weights, and in it 16 rows are quantized at once, one per SIMD lane. Rows that the matrix
/// doesn't have, and inputs up to a whole tile, are 0. A panel is reused for one row of tiles after the other; one thread at a
/// time.
public final class Panel {
    /// Inputs of the matrix.
    public let columns: Int
    /// Tiles across the matrix.
    public let columnTiles: Int
    /// ``columns`` rounded up to whole tiles.
    public var paddedColumns: Int { columnTiles * Tile.columns }

    /// [``paddedColumns``, ``Tile/rows``]
    let values: UnsafeMutablePointer<Float>
    /// How much an error in a weight of each input counts in the search for scales; nil if every input counts the same.
    /// [``paddedColumns``]
    private(set) var importance: UnsafeMutablePointer<Float>?

    /// A panel of zeros for a matrix of `columns` columns, at least one. Every input counts the same.
    public init(columns: Int) {
        precondition(columns > 0, "a matrix has columns")
        self.columns = columns
        columnTiles = (columns + Tile.columns - 1) / Tile.columns
        let padded = columnTiles * Tile.columns
        values = .allocate(capacity: padded * Tile.rows)
        values.initialize(repeating: 0, count: padded * Tile.rows)
    }

    deinit {
        values.deallocate()
        importance?.deallocate()
    }

    /// Sets how much an error in a weight of each input counts, from 0 on: the mean square of that input, where it is known.
    /// [``columns``] Nil if every input counts the same.
    public func setImportance(_ importance: UnsafePointer<Float>?) {
        guard let importance else {
            self.importance?.deallocate()
            self.importance = nil
            return
        }
        let numbers = self.importance ?? .allocate(capacity: paddedColumns)
        numbers.initialize(repeating: 1, count: paddedColumns)
        numbers.update(from: importance, count: columns)
        self.importance = numbers
    }

    /// Takes `count` rows that lie row-major, `stride` numbers from one to the next: 1 to ``Tile/rows``, all finite.
    public func load(rows: UnsafePointer<Float>, stride: Int, count: Int) {
        precondition((1...Tile.rows).contains(count), "a panel has 1 to \(Tile.rows) rows")
        if count < Tile.rows { clear() }
        var row = 0
        while row + 4 <= count {
            transposeFour(rows + row * stride, stride: stride, into: values + row)
            row += 4
        }
        while row < count {
            for column in 0..<columns { values[column * Tile.rows + row] = rows[row * stride + column] }
            row += 1
        }
    }

    /// Takes `count` rows of a matrix that lies transposed, [inputs, outputs], `stride` numbers from one input to the next.
    public func load(transposedRows: UnsafePointer<Float>, stride: Int, count: Int) {
        precondition((1...Tile.rows).contains(count), "a panel has 1 to \(Tile.rows) rows")
        if count < Tile.rows { clear() }
        for column in 0..<columns {
            (values + column * Tile.rows).update(from: transposedRows + column * stride, count: count)
        }
    }

    /// Writes the first `count` rows row-major, without the padding.
    public func store(rows: UnsafeMutablePointer<Float>, stride: Int, count: Int) {
        precondition((1...Tile.rows).contains(count), "a panel has 1 to \(Tile.rows) rows")
        for row in 0..<count {
            for column in 0..<columns { rows[row * stride + column] = values[column * Tile.rows + row] }
        }
    }

    /// Writes the first `count` rows transposed, as ``load(transposedRows:stride:count:)`` takes them, without the padding.
    public func store(transposedRows: UnsafeMutablePointer<Float>, stride: Int, count: Int) {
        precondition((1...Tile.rows).contains(count), "a panel has 1 to \(Tile.rows) rows")
        for column in 0..<columns { (transposedRows + column * stride).update(from: values + column * Tile.rows, count: count) }
    }

    private func clear() { values.update(repeating: 0, count: paddedColumns * Tile.rows) }

    /// Four rows at once, four inputs at a time.
    private func transposeFour(_ rows: UnsafePointer<Float>, stride: Int, into values: UnsafeMutablePointer<Float>) {
        func four(_ row: Int, _ column: Int) -> SIMD4<Float> {
            UnsafeRawPointer(rows + row * stride + column).loadUnaligned(as: SIMD4<Float>.self)
        }
        func put(_ four: SIMD4<Float>, _ column: Int) {
            UnsafeMutableRawPointer(values + column * Tile.rows).storeBytes(of: four, as: SIMD4<Float>.self)
        }
        var column = 0
        while column + 4 <= columns {
            let first = SIMD8(lowHalf: four(0, column), highHalf: four(1, column))
            let second = SIMD8(lowHalf: four(2, column), highHalf: four(3, column))
            let even = SIMD8(lowHalf: first.evenHalf, highHalf: second.evenHalf)
            let odd = SIMD8(lowHalf: first.oddHalf, highHalf: second.oddHalf)
            put(even.evenHalf, column)
            put(odd.evenHalf, column + 1)
            put(even.oddHalf, column + 2)
            put(odd.oddHalf, column + 3)
            column += 4
        }
        while column < columns {
            for row in 0..<4 { values[column * Tile.rows + row] = rows[row * stride + column] }
            column += 1
        }
    }
}
