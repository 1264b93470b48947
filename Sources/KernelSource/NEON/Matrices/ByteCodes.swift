import KernelTypes
import Tiles

/// How an ARM instruction set multiplies the codes of q8 or q4 weights with those of activations.
///
/// A step is four consecutive inputs: for the weights, a register with the four codes of one row in each lane; for the activations,
/// a lane of the register with those of four steps. A block is eight steps, summed in integers.
protocol ByteCodes {
    /// The running sums of a block for a register of rows.
    associatedtype Sums

    /// The type of the tiles.
    static var type: WeightType { get }

    /// True if a patch has registers for the sums of both blocks of a tile. So it must be if they share bytes.
    static var addsPairs: Bool { get }

    /// The codes with their sign, of codes in a byte each.
    static func signed(_ codes: RowBits) -> RowBits

    /// The sums before the first step, less `excess`: what the bias of the codes adds to them.
    static func start(excess: Int32) -> Sums

    /// Adds step number `step` of a block; `activations` are the codes of its group of four steps.
    static func add(_ sums: inout Sums, _ weights: RowBits, _ activations: RowInts, step: Int)

    /// The sums of the products, after the last step, which are whole numbers below 2^22.
    static func value(_ sums: Sums, excess: Int32) -> RowFloats

    /// Sums of nothing, for memory that is filled later.
    static var zero: Sums { get }
}

/// A step of weights of both blocks of a tile, each code in a byte. A tuple, as `PatchOrigin`.
typealias BlockPair = (first: RowBits, second: RowBits)

extension ByteCodes {
    /// A step of weights, as stored; `codes` is the tile's first code of the register's first row.
    @inline(__always) static func load(_ codes: UnsafeRawPointer, block: Int, step: Int) -> RowBits {
        codes.loadUnaligned(fromByteOffset: type.layout.stepOffset(block: block, step: step), as: RowBits.self)
    }

    /// The first tile of a patch's rows.
    @inline(__always) static func firstTile(_ matrix: TiledMatrix, _ origin: PatchOrigin) -> UnsafeRawPointer {
        let shape = matrix.shape
        return matrix.tiles + (origin.matrix * shape.rowTiles + origin.row / Tile.rows) * shape.columnTiles * tileBytes
    }

    /// Bytes of a tile.
    @inline(__always) static var tileBytes: Int { type.layout.byteCount }

    /// Blocks of activations that share a scale.
    @inline(__always) static var blocksPerScale: Int { type.properties.blocksPerActivationScale ?? 1 }

    /// True if blocks of activations share scales.
    @inline(__always) static var sharesScales: Bool { blocksPerScale > 1 }

    /// True if the codes of both blocks of a tile are in the same bytes.
    @inline(__always) static var sharesBytes: Bool { type.layout.blocksPerByte > 1 }

    /// What the bias of the codes adds to a block's sums of products.
    @inline(__always) static func excess(_ total: Int32) -> Int32 { total &* type.properties.codeBias }
}

/// The scales of a register of rows of a tile.
@inline(__always)
func weightScales(_ tile: UnsafeRawPointer, row: Int, block: Int) -> RowFloats {
    widen((tile + TileLayout.scaleOffset(row: row, block: block)).loadUnaligned(as: RowHalves.self))
}

/// A loop that is certain to be unrolled: only a constant step is a lane of a register.
@inline(__always)
func forEachStep(_ body: (_ step: Int) -> Void) {
    body(0)
    body(1)
    body(2)
    body(3)
    body(4)
    body(5)
    body(6)
    body(7)
}
