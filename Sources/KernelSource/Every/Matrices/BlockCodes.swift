/// How an instruction set multiplies the codes of q8 or q4 tiles with those of activations.
///
/// A step is four consecutive inputs: of the weights a register with the four codes of a row in each lane, of the activations four
/// codes, the same in each lane. A block is eight steps, summed in integers.
protocol BlockCodes {
    /// A step of weights, prepared for any number of activations.
    associatedtype Weights
    /// The running sums of a block for a register of rows.
    associatedtype Sums

    /// Bytes of a tile.
    static var tileBytes: Int { get }

    /// True if the blocks of activations share scales (``QuantizedActivations/wideScale``).
    static var sharesScales: Bool { get }

    /// The weights of a step of a block of a tile; `codes` is the tile's first code of the register's first row.
    static func load(_ codes: UnsafeRawPointer, block: Int, step: Int) -> Weights

    /// The sums before the first step; `total` is the sum of the block's activation codes.
    static func start(total: Int32) -> Sums

    /// Adds a step.
    static func add(_ sums: inout Sums, _ weights: Weights, _ activations: RowInts)

    /// The sums of products, after the last step.
    static func finish(_ sums: Sums, total: Int32) -> RowInts

    /// Sums of nothing, for memory that is filled later.
    static var zero: Sums { get }
}
