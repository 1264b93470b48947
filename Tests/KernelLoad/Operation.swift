import KernelTypes
import Tiles

/// A kernel at the shapes of RecurrentGemma 2B: width 2560, 10 heads of 256, MLP 7680, a full window of 2048.
enum Operation {
    /// A row of tiles, 16 × 2560, for some tokens.
    case multiply(WeightType, tokens: Int)
    case quantize, rmsNorm, gelu, convolve, scan, rotate, attend, narrow, row
    /// 2560 of the 256,000 logits.
    case softCap
    /// All of them by name, with the calls that a token of the 2B model takes, past a window of others.
    static let all = products + others

    private static let products: [(name: String, operation: Operation, calls: Double)] = WeightType.allCases.flatMap { type in
        [
            ("\(type.name)-decode", .multiply(type, tokens: 1), rowsOfTiles + headRowsOfTiles),
            // Of several sessions, or with guesses: the logits of each are wanted.
            ("\(type.name)-two", .multiply(type, tokens: 2), (rowsOfTiles + headRowsOfTiles) / 2),
            ("\(type.name)-four", .multiply(type, tokens: 4), (rowsOfTiles + headRowsOfTiles) / 4),
            // The logits are those of the last token of a prompt alone.
            ("\(type.name)-prefill", .multiply(type, tokens: chunk), rowsOfTiles / Double(chunk)),
        ]
    }

    private static let others: [(name: String, operation: Operation, calls: Double)] = [
        // Inputs of 2560 numbers: three in a recurrent block, two in an attention block, one and one of 7680 in an MLP, the head's.
        ("quantize", .quantize, Double(18 * 3 + 8 * 2 + 26 * 4 + 1)),
        ("rms-norm", .rmsNorm, Double(26 * 2 + 1)),
        // 7680 numbers in an MLP, 2560 in a recurrent block.
        ("gelu", .gelu, 26.0 + 18.0 / 3),
        ("convolve", .convolve, 18),
        ("scan", .scan, 18),
        // Ten heads of queries, one of keys.
        ("rotate", .rotate, 8 * 1.1),
        ("attend", .attend, 8),
        ("narrow", .narrow, 16),
        ("row", .row, 1),
        ("soft-cap", .softCap, 100),
    ]

    init?(name: String) {
        guard let found = Self.all.first(where: { $0.name == name }) else { return nil }
        self = found.operation
    }

    /// Tokens of a prompt that are computed together.
    private static var chunk: Int { 48 }

    /// Matrices of a token as rows of tiles, 16 × 2560, in 18 recurrent and 8 attention blocks and 26 MLPs.
    private static var rowsOfTiles: Double {
        let square = 2560 * 2560, gates = 2 * 10 * 256 * 256
        let weights = 18 * (3 * square + gates) + 8 * (2 * square + 2 * 256 * 2560) + 26 * (3 * 2560 * 7680)
        return Double(weights) / Double(16 * 2560)
    }

    /// The same of the head.
    private static var headRowsOfTiles: Double { 256_000 / 16 }

    private static var width: Int { 2560 }
    private static var heads: Int { 10 }
    private static var headWidth: Int { 256 }
    private static var mlpWidth: Int { 7680 }
    private static var window: Int { 2048 }

    /// Multiplications of a call that its result is made of, not those of scales and the like; 0 for what is no product.
    var multiplications: Int {
        switch self {
        case .multiply(_, let tokens): tokens * Tile.rows * Self.width
        // Queries with keys, and weights with values.
        case .attend: 2 * Self.heads * Self.window * Self.headWidth
        default: 0
        }
    }

    /// Bytes that a call reads once: weights, or keys and values. 0 for what reads only what is small.
    var bytes: Int {
        switch self {
        case .multiply(let type, _): Self.width / Tile.columns * type.bytesPerTile
        case .attend: 2 * Self.window * Self.headWidth * MemoryLayout<UInt16>.stride
        default: 0
        }
    }

    /// Computes it `rounds` times, on memory that is allocated and filled once.
    func run(_ kernels: KernelSet, rounds: Int) {
        let width = Self.width
        let memory = LoadMemory()
        switch self {
        case .multiply(let type, let tokens):
            guard let product = Self.product(type, tokens, kernels, memory) else { return }
            let strip = memory.bytes(kernels.unpackedStripBytes(product.matrix.shape, type))
            for _ in 0..<rounds { kernels.multiply(product, 0..<1, strip) }
        case .quantize:
            guard let shape = MatrixShape(rows: 16, columns: width) else { return }
            let input = memory.floats(width), quantized = memory.quantized(shape, tokens: 1)
            for _ in 0..<rounds { _ = kernels.quantize(input, width, 1, shape, QuantizedActivations.widestScale, quantized) }
        case .rmsNorm:
            let (input, weight, output) = (memory.floats(width), memory.floats(width), memory.floats(width))
            for _ in 0..<rounds { _ = kernels.rmsNorm(input, weight, output, width, 1e-6) }
        case .gelu:
            let (gate, input) = (memory.floats(Self.mlpWidth), memory.floats(Self.mlpWidth))
            for _ in 0..<rounds { kernels.multiplyByGELU(gate, input, input, Self.mlpWidth) }
        case .convolve:
            let operands = Convolution(
                input: memory.floats(width), output: memory.floats(width), stride: width, tokens: 1, taps: memory.floats(4 * width),
                bias: memory.floats(width), history: memory.floats(3 * width), width: width)
            for _ in 0..<rounds { kernels.convolve(operands, 0..<width) }
        case .scan:
            let operands = Recurrence(
                input: memory.floats(width), inputGate: memory.floats(width), recurrentGate: memory.floats(width),
                output: memory.floats(width), stride: width, tokens: 1, decay: memory.floats(width), state: memory.floats(width),
                width: width, startsSequence: false)
            for _ in 0..<rounds { kernels.scan(operands, 0..<width) }
        case .rotate:
            let half = Self.headWidth / 4
            let (heads, cosines, sines) = (memory.floats(width), memory.floats(half), memory.floats(half))
            for _ in 0..<rounds { kernels.rotate(heads, Self.heads, Self.headWidth, half, cosines, sines, 0.0625) }
        case .attend: Self.attend(kernels, memory, rounds)
        case .narrow:
            let (input, output) = (memory.floats(Self.headWidth), memory.halves(Self.headWidth))
            for _ in 0..<rounds { _ = kernels.narrow(input, output, Self.headWidth) }
        case .row:
            guard let shape = MatrixShape(rows: 16, columns: width) else { return }
            let matrix = TiledMatrix(tiles: memory.tiles(shape, .q4), shape: shape, type: .q4), output = memory.floats(width)
            for _ in 0..<rounds { kernels.row(matrix, 5, 50.5, output) }
        case .softCap:
            let values = memory.floats(width)
            for _ in 0..<rounds { kernels.softCap(values, width, 30) }
        }
    }

    private static func product(_ type: WeightType, _ tokens: Int, _ kernels: KernelSet, _ memory: LoadMemory) -> MatrixProduct? {
        guard let shape = MatrixShape(rows: 16, columns: width) else { return nil }
        let matrix = TiledMatrix(tiles: memory.tiles(shape, type), shape: shape, type: type)
        let input = memory.floats(tokens * width), quantized = memory.quantized(shape, tokens: tokens)
        if type.isBlockQuantized {
            _ = kernels.quantize(input, width, tokens, shape, type.properties.blocksPerActivationScale ?? 1, quantized)
        }
        return MatrixProduct(
            matrix: matrix, input: input, inputStride: width, quantized: quantized, tokens: tokens, bias: nil,
            output: memory.floats(tokens * shape.rows), outputStride: shape.rows)
    }

    private static func attend(_ kernels: KernelSet, _ memory: LoadMemory, _ rounds: Int) {
        func vectors(_ count: Int) -> CachedVectors {
            CachedVectors(
                numbers: UnsafeMutableRawPointer(memory.halves(count * headWidth)), exponents: memory.exponents(count))
        }
        let operands = LocalAttention(
            queries: memory.floats(width), queryStride: width, output: memory.floats(width), outputStride: width, heads: heads,
            dimension: headWidth, window: window, position: Int64(3 * window), element: .f16, ringKeys: vectors(window),
            ringValues: vectors(window), chunkKeys: vectors(1), chunkValues: vectors(1))
        let scratch = memory.floats(kernels.scratchCount(headWidth, window))
        for _ in 0..<rounds { kernels.attend(operands, 0..<1, 0..<heads, scratch) }
    }
}
