import KernelTypes
import Tiles

/// Activations of some tokens for matrices of one shape, as floats and quantized by a set of kernels.
struct TestActivations {
    let shape: MatrixShape
    let tokens: Int
    /// Floats from token to token: some more than are used.
    let stride: Int
    let floats: GuardedMemory<Float>
    let codes: GuardedMemory<Int8>
    let scales: GuardedMemory<Float>
    let sums: GuardedMemory<Int32>
    /// What quantizing said of them.
    private(set) var areFinite = true

    /// `values` is [tokens × count × columns].
    init(_ values: [Float], _ shape: MatrixShape, _ kernels: KernelSet, for type: WeightType) {
        self.init(values, shape, kernels, blocksPerScale: type.properties.blocksPerActivationScale ?? 1)
    }

    init(_ values: [Float], _ shape: MatrixShape, _ kernels: KernelSet, blocksPerScale: Int) {
        let width = shape.count * shape.columns
        let tokens = values.count / width
        let stride = width + 3
        self.shape = shape
        self.tokens = tokens
        self.stride = stride
        // The last token has no gap after it.
        let padded = (0..<tokens).flatMap { Array(values[$0 * width..<($0 + 1) * width]) + [Float](repeating: .nan, count: 3) }
        floats = GuardedMemory(padded.dropLast(3))
        codes = GuardedMemory(repeating: 99, count: tokens * QuantizedActivations.codeCount(shape))
        scales = GuardedMemory(repeating: .nan, count: tokens * QuantizedActivations.blockCount(shape))
        sums = GuardedMemory(repeating: .min, count: tokens * QuantizedActivations.blockCount(shape))
        areFinite = kernels.quantize(UnsafePointer(floats.pointer), stride, tokens, shape, blocksPerScale, quantized)
    }

    var quantized: QuantizedActivations {
        QuantizedActivations(codes: codes.pointer, scales: scales.pointer, sums: sums.pointer)
    }

    /// The number that an input of a matrix of the stack stands for once it is quantized.
    func dequantized(_ token: Int, _ matrix: Int, _ column: Int) -> Double {
        let code = codes.pointer[token * QuantizedActivations.codeCount(shape) + matrix * shape.columnTiles * 64 + column]
        let scale = scales.pointer[token * QuantizedActivations.blockCount(shape) + matrix * shape.columnTiles * 2 + column / 32]
        return Double(code) * Double(scale)
    }

    func float(_ token: Int, _ matrix: Int, _ column: Int) -> Double {
        Double(floats.pointer[token * stride + matrix * shape.columns + column])
    }
}
