import Tiles

/// The kernels of one instruction set. Every set computes the same functions; `Kernels` chooses one at start.
///
/// All functions trust their operands: callers have checked every size. None allocates, none keeps a pointer. Ranges are the part
/// that the calling thread does; parts may run at once on several threads and the results do not depend on the split.
public struct KernelSet: Sendable {
    /// `scalar`, `x86-64-v2`, `avx2`, `avxvnni`, `avx512vnni`, `neon`, `neon-dotprod`, `neon-i8mm`.
    public let name: String

    /// How it goes about its work, as far as that differs between processors.
    public let tuning: Tuning

    /// What it rounds like: sets of the same word give the same bits, on any processor. Those that multiply and add in one rounding
    /// do (`tools/test-arm` compares ARM's with x86-64's).
    public var arithmetic: String { name == "scalar" || name == "x86-64-v2" ? name : "fma" }

    /// Quantizes `tokens` of activations [tokens × stride] for matrices of `shape`; `blocksPerScale` consecutive blocks share one
    /// scale (``WeightType/Properties/blocksPerActivationScale``).
    /// The pointers in `result` are those of the first token. False if some of the activations are infinite or NaN.
    public let quantize:
        @Sendable (
            _ input: UnsafePointer<Float>, _ stride: Int, _ tokens: Int, _ shape: MatrixShape, _ blocksPerScale: Int,
            _ result: QuantizedActivations
        ) -> Bool

    /// Computes the rows of tiles `rowTiles` of a product, counted over the whole stack. Even numbers of them are fastest.
    ///
    /// `memory` is for ``unpackedStripBytes`` of this matrix, begins on a cache line, and no other thread uses it; without it weights
    /// are unpacked in registers, to the same bits.
    public let multiply: @Sendable (_ product: MatrixProduct, _ rowTiles: Range<Int>, _ memory: UnsafeMutableRawPointer?) -> Void

    /// Bytes in which ``multiply`` unpacks the rows of tiles of a matrix that it computes together; 0 if it never does.
    public let unpackedStripBytes: @Sendable (_ shape: MatrixShape, _ type: WeightType) -> Int

    /// Writes row `row` of matrix 0 of a stack as f32, multiplied by `scale`: the embedding of a token. [columns]
    public let row: @Sendable (_ matrix: TiledMatrix, _ row: Int, _ scale: Float, _ output: UnsafeMutablePointer<Float>) -> Void

    /// RMSNorm (Zhang and Sennrich, arXiv:1910.07467): `output = input / sqrt(mean(input²) + epsilon) · (1 + weight)`. False if the
    /// sum of the squares is not finite: because an input is not, or is too large to be squared.
    public let rmsNorm:
        @Sendable (
            _ input: UnsafePointer<Float>, _ weight: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>, _ count: Int,
            _ epsilon: Float
        ) -> Bool

    /// False if some of the numbers are infinite or NaN.
    public let areFinite: @Sendable (_ values: UnsafePointer<Float>, _ count: Int) -> Bool

    /// `output = gelu(gate) · input`, with gelu's tanh form. `output` may be either operand.
    public let multiplyByGELU:
        @Sendable (
            _ gate: UnsafePointer<Float>, _ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>, _ count: Int
        ) -> Void

    /// The temporal convolution for a range of channels.
    public let convolve: @Sendable (_ operands: Convolution, _ channels: Range<Int>) -> Void

    /// The RG-LRU for a range of channels.
    public let scan: @Sendable (_ operands: Recurrence, _ channels: Range<Int>) -> Void

    /// Rotates the first `2 × half` elements of each of `count` heads of `dimension` (Su et al., arXiv:2104.09864; halves against
    /// each other): (x, y) → (x·cos - y·sin, y·cos + x·sin), then multiplies all elements of the head by `scale`.
    /// `cosines` and `sines` are [half].
    public let rotate:
        @Sendable (
            _ heads: UnsafeMutablePointer<Float>, _ count: Int, _ dimension: Int, _ half: Int, _ cosines: UnsafePointer<Float>,
            _ sines: UnsafePointer<Float>, _ scale: Float
        ) -> Void

    /// Attention for a range of the chunk's tokens and a range of heads, with `scratch` of
    /// ``scratchCount`` floats, which no other thread uses. Sixteen pairs of token and head take about as long as one.
    public let attend:
        @Sendable (
            _ operands: LocalAttention, _ tokens: Range<Int>, _ heads: Range<Int>, _ scratch: UnsafeMutablePointer<Float>
        ) -> Void

    /// One thread's part in a step of an attention that threads compute together, with ``scratchCount`` floats of its own; see
    /// ``SharedAttention``. `isFirst` is true in the thread's first call for this step of this attention: what all its calls need is
    /// then put in its own scratch. The output is what ``attend`` gives, to the bit.
    public let attendTogether:
        @Sendable (
            _ attention: SharedAttention, _ step: SharedAttention.Step, _ parts: Range<Int>, _ isFirst: Bool,
            _ scratch: UnsafeMutablePointer<Float>
        ) -> Void

    /// Floats that ``attend`` needs for a call, for heads of `dimension` elements, whatever their number.
    public let scratchCount: @Sendable (_ dimension: Int, _ window: Int) -> Int

    /// Stores a vector of f32 as IEEE half precision, divided by 2^exponent and rounded to nearest even. Returns the exponent,
    /// which ``CacheElement/exponent(largest:)`` gives; nil if some of the numbers are infinite or NaN, which are then stored
    /// with the others as they are.
    public let narrow: @Sendable (_ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<UInt16>, _ count: Int) -> Int8?

    /// `cap · tanh(x / cap)` in place: the logits' soft cap.
    public let softCap: @Sendable (_ values: UnsafeMutablePointer<Float>, _ count: Int, _ cap: Float) -> Void

    /// Multiplies and adds on registers alone, with the instructions that the set has for weights of `type`: what ``multiply``
    /// could reach if nothing had to be loaded, scaled or stored. Takes time in proportion to `rounds` and returns the operations
    /// done, a multiplication and an addition being two. For benchmarks.
    public let arithmeticPeak: @Sendable (_ type: WeightType, _ rounds: Int) -> Int

    /// A set of these functions.
    public init(
        name: String, tuning: Tuning,
        quantize: @escaping @Sendable (UnsafePointer<Float>, Int, Int, MatrixShape, Int, QuantizedActivations) -> Bool,
        multiply: @escaping @Sendable (MatrixProduct, Range<Int>, UnsafeMutableRawPointer?) -> Void,
        unpackedStripBytes: @escaping @Sendable (MatrixShape, WeightType) -> Int,
        row: @escaping @Sendable (TiledMatrix, Int, Float, UnsafeMutablePointer<Float>) -> Void,
        rmsNorm:
            @escaping @Sendable (
                UnsafePointer<Float>, UnsafePointer<Float>, UnsafeMutablePointer<Float>, Int, Float
            ) -> Bool,
        areFinite: @escaping @Sendable (UnsafePointer<Float>, Int) -> Bool,
        multiplyByGELU:
            @escaping @Sendable (
                UnsafePointer<Float>, UnsafePointer<Float>, UnsafeMutablePointer<Float>, Int
            ) -> Void,
        convolve: @escaping @Sendable (Convolution, Range<Int>) -> Void,
        scan: @escaping @Sendable (Recurrence, Range<Int>) -> Void,
        rotate:
            @escaping @Sendable (
                UnsafeMutablePointer<Float>, Int, Int, Int, UnsafePointer<Float>, UnsafePointer<Float>, Float
            ) -> Void,
        attend: @escaping @Sendable (LocalAttention, Range<Int>, Range<Int>, UnsafeMutablePointer<Float>) -> Void,
        attendTogether:
            @escaping @Sendable (
                SharedAttention, SharedAttention.Step, Range<Int>, Bool, UnsafeMutablePointer<Float>
            ) -> Void,
        scratchCount: @escaping @Sendable (Int, Int) -> Int,
        narrow: @escaping @Sendable (UnsafePointer<Float>, UnsafeMutablePointer<UInt16>, Int) -> Int8?,
        softCap: @escaping @Sendable (UnsafeMutablePointer<Float>, Int, Float) -> Void,
        arithmeticPeak: @escaping @Sendable (WeightType, Int) -> Int
    ) {
        self.name = name
        self.tuning = tuning
        self.quantize = quantize
        self.multiply = multiply
        self.unpackedStripBytes = unpackedStripBytes
        self.row = row
        self.rmsNorm = rmsNorm
        self.areFinite = areFinite
        self.multiplyByGELU = multiplyByGELU
        self.convolve = convolve
        self.scan = scan
        self.rotate = rotate
        self.attend = attend
        self.attendTogether = attendTogether
        self.scratchCount = scratchCount
        self.narrow = narrow
        self.softCap = softCap
        self.arithmeticPeak = arithmeticPeak
    }
}
