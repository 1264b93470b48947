import Tiles

/// The weights of as many rows of a panel [inputs, ``Tile/rows``] as there are lanes, from some input on: a pointer to the first
/// row's. (Types of this module's own would bring metadata, see `OutputPatch.swift`; so these, scales and figures are tuples.)
typealias PanelRows = UnsafeMutablePointer<Float>

extension PanelRows {
    /// The weights of an input.
    @inline(__always) subscript(input input: Int) -> Lanes {
        get { UnsafeRawPointer(self + input * Tile.rows).loadUnaligned(as: Lanes.self) }
        nonmutating set { UnsafeMutableRawPointer(self + input * Tile.rows).storeBytes(of: newValue, as: Lanes.self) }
    }

    /// The same rows, `inputs` inputs further on.
    @inline(__always) func from(input: Int) -> PanelRows { self + input * Tile.rows }
}
