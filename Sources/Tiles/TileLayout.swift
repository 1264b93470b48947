/// Where the numbers of a tile lie, for one ``WeightType`` (`formats/rgq.md`, "Tiles"): the one place in the program that knows.
///
/// A tile begins with its scales, if its type has them; then come the weights. `interleave` consecutive columns of a row lie
/// together, and the 16 rows side by side. Codes of fewer than 8 bits share bytes with those of the same place in the next blocks.
///
/// All inlinable, so that kernels in other modules see constants.
public struct TileLayout: Sendable {
    /// Bits per weight, without scales: 32, 16, 8 or 4.
    public let bits: Int
    /// Consecutive columns of a row that lie together: 1 for floats, ``Tile/step`` for codes.
    public let interleave: Int
    /// Bytes of the f16 scales at the head of a tile; 0 for floats. Block 0 of rows 0…15, then block 1.
    public let scaleBytes: Int

    @inlinable
    init(bits: Int, interleave: Int, scaleBytes: Int) {
        self.bits = bits
        self.interleave = interleave
        self.scaleBytes = scaleBytes
    }

    /// Floats of `bits` bits, which need no scales.
    @inlinable public static func floats(bits: Int) -> TileLayout { TileLayout(bits: bits, interleave: 1, scaleBytes: 0) }

    /// Integer codes of `bits` bits, with one f16 scale per row and block.
    @inlinable
    public static func codes(bits: Int) -> TileLayout {
        TileLayout(bits: bits, interleave: Tile.step, scaleBytes: Tile.rows * Tile.blocks * 2)
    }

    /// Bytes of a tile, scales included; a multiple of 64.
    @inlinable public var byteCount: Int { scaleBytes + Tile.weights * bits / 8 }

    /// Bytes of one number, or of the codes that share a byte.
    @inlinable var elementBytes: Int { max(1, bits / 8) }

    /// Blocks whose codes share bytes: 2 for codes of 4 bits, otherwise 1.
    @inlinable public var blocksPerByte: Int { max(1, 8 / bits) }

    /// Where the weight of a row and a column lies: the first byte of a float, the byte of a code.
    @inlinable
    public func offset(row: Int, column: Int) -> Int {
        let inBlock = column % Tile.block
        return start(row: row) + stepOffset(block: column / Tile.block, step: inBlock / interleave)
            + inBlock % interleave * elementBytes
    }

    /// Where the first weight of a row lies.
    @inlinable public func start(row: Int) -> Int { scaleBytes + row * interleave * elementBytes }

    /// From the first weight of a row to those of a step of ``interleave`` columns in a block.
    @inlinable
    public func stepOffset(block: Int, step: Int) -> Int {
        (block / blocksPerByte * (Tile.block / interleave) + step) * (Tile.rows * interleave * elementBytes)
    }

    /// How far the code of a column is from the low end of its byte, in bits.
    @inlinable public func shift(column: Int) -> Int { column / Tile.block % blocksPerByte * bits }

    /// Where the scale of a row and a block lies.
    @inlinable public static func scaleOffset(row: Int, block: Int) -> Int { 2 * (block * Tile.rows + row) }
}
