import Tiles

/// The weights of as many rows of a panel [inputs, ``Tile/rows``] as there are lanes, from some input on.
struct PanelRows {
    private let values: UnsafeMutablePointer<Float>

    /// From the weight of the first input and the first row on.
    @inline(__always) init(_ values: UnsafeMutablePointer<Float>) { self.values = values }

    /// The weights of an input.
    @inline(__always) subscript(column: Int) -> Lanes {
        get { UnsafeRawPointer(values + column * Tile.rows).loadUnaligned(as: Lanes.self) }
        nonmutating set { UnsafeMutableRawPointer(values + column * Tile.rows).storeBytes(of: newValue, as: Lanes.self) }
    }

    /// The same rows, `columns` inputs further on.
    @inline(__always) func advanced(by columns: Int) -> PanelRows { PanelRows(values + columns * Tile.rows) }
}
