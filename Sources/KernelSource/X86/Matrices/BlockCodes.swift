import Tiles

/// How an instruction set multiplies the codes of q8 or q4 tiles with those of activations.
///
/// A step is four consecutive inputs: for the weights, a register with the four codes of one row in each lane; for the activations,
/// four codes, the same in each lane. A block is eight steps, summed in integers.
protocol BlockCodes {
    /// A step of weights, prepared for any number of activations.
    associatedtype Weights
    /// The running sums of a block for a register of rows.
    associatedtype Sums

    /// The type of the tiles.
    static var type: WeightType { get }

    /// The weights of a step of a block of a tile; `codes` is the tile's first code of the register's first row.
    static func load(_ codes: UnsafeRawPointer, block: Int, step: Int) -> Weights

    /// A step of weights as it is kept for many patches (`unpack`), and what a patch makes of that.
    static func unpacked(_ weights: Weights) -> RowBits
    static func weights(_ unpacked: RowBits) -> Weights

    /// The sums before the first step; `total` is the sum of the block's activation codes.
    static func start(total: Int32) -> Sums

    /// Adds a step.
    static func add(_ sums: inout Sums, _ weights: Weights, _ activations: RowInts)

    /// The sums of products, after the last step.
    static func finish(_ sums: Sums, total: Int32) -> RowInts

    /// Sums of nothing, for memory that is filled later.
    static var zero: Sums { get }
}

extension BlockCodes {
    /// Bytes of a tile.
    @inline(__always) static var tileBytes: Int { type.layout.byteCount }

    /// True if blocks of activations share scales.
    @inline(__always) static var sharesScales: Bool { type.properties.blocksPerActivationScale != 1 }

    /// What the bias of the codes adds to a block's sums of products.
    @inline(__always) static func excess(_ total: Int32) -> Int32 { total &* type.properties.codeBias }

    /// From a row's first code to its codes of a step.
    @inline(__always) static func offset(block: Int, step: Int) -> Int { type.layout.stepOffset(block: block, step: step) }
}

/// Sets whose weights are the codes, four in each lane.
extension BlockCodes where Weights == RowBits {
    @inline(__always) static func unpacked(_ weights: RowBits) -> RowBits { weights }
    @inline(__always) static func weights(_ unpacked: RowBits) -> RowBits { unpacked }
}

/// Sets whose sums are those of the rows, one in each lane.
extension BlockCodes where Sums == RowInts {
    @inline(__always) static var zero: RowInts { .zero }
    @inline(__always) static func finish(_ sums: RowInts, total: Int32) -> RowInts { sums }
}
