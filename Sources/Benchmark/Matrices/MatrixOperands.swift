import KernelTypes
import Kernels
import Tiles

/// Products of equal matrices that fill a buffer, so that each is new to the cache when its turn comes.
final class MatrixOperands {
    let products: [MatrixProduct]
    private let floats: UnsafeMutablePointer<Float>
    private let codes: UnsafeMutableRawPointer
    private let memory: UnsafeMutableRawPointer
    private let unpackedBytes: Int

    /// Sees the tiles in `buffer` as matrices of `shape`, at least one of which must fit, and makes random inputs for some tokens.
    init(_ shape: MatrixShape, _ type: WeightType, tokens: Int, machine: Machine) {
        let kernels = machine.kernels, buffer = machine.buffer
        let byteCount = shape.byteCount(type)
        let copies = max(1, buffer.byteCount / byteCount)

        let columns = shape.count * shape.columns, rows = shape.count * shape.rows
        let inputCount = tokens * columns, outputCount = tokens * rows
        let blockCount = tokens * QuantizedActivations.blockCount(shape)
        floats = .allocate(capacity: inputCount + outputCount + blockCount)
        var random = SplitMix(seed: 1)
        for index in 0..<inputCount { floats[index] = random.nextFloat() }
        (floats + inputCount).initialize(repeating: 0, count: outputCount + blockCount)

        let codeBytes = tokens * QuantizedActivations.codeCount(shape)
        codes = .allocate(byteCount: codeBytes + blockCount * MemoryLayout<Int32>.size, alignment: 64)
        let quantized = QuantizedActivations(
            codes: codes.assumingMemoryBound(to: Int8.self), scales: floats + inputCount + outputCount,
            sums: (codes + codeBytes).assumingMemoryBound(to: Int32.self))
        _ = kernels.quantize(floats, columns, tokens, shape, type.properties.blocksPerActivationScale ?? 1, quantized)

        unpackedBytes = kernels.unpackedStripBytes(shape, type)
        memory = .allocate(byteCount: max(1, unpackedBytes * machine.team.count), alignment: 64)

        let (input, output) = (floats, floats + inputCount)
        products = (0..<copies).map { copy in
            MatrixProduct(
                matrix: TiledMatrix(tiles: buffer.start + copy * byteCount, shape: shape, type: type), input: input,
                inputStride: columns, quantized: quantized, tokens: tokens, bias: nil, output: output, outputStride: rows)
        }
    }

    /// Where a member of the team unpacks strips of weights; nil if the kernels don't.
    func unpacked(_ member: Int) -> UnsafeMutableRawPointer? { unpackedBytes > 0 ? memory + member * unpackedBytes : nil }

    deinit {
        memory.deallocate()
        floats.deallocate()
        codes.deallocate()
    }
}
