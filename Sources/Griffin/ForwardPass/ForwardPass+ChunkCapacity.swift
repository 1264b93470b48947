import KernelTypes
import Tiles

extension ForwardPass {
    /// Tokens that a chunk should have at most with some weights on a processor whose outermost cache has so many bytes; nil if that
    /// isn't known. The results do not depend on it.
    ///
    /// A product goes through all tokens of a chunk for each row of tiles. So it is fastest if the widest input of the chunk stays in
    /// the cache, beside the weights and outputs that pass: half of it is taken. Above 256 tokens nothing is won. Below 80 a pass
    /// would not take what ``Speculation``s ask for, and weights would be read too often; 2 MB are assumed where an ARM board does
    /// not tell.
    public static func chunkCapacity(_ weights: Weights, cacheBytes: Int?) -> Int {
        #if arch(arm64)
        let unknown = 2 << 20
        #else
        let unknown = 32 << 20
        #endif
        let bytes = weights.file.tensors.map { tensor in
            tensor.matrixShape.map { inputBytes($0, tensor.type.isBlockQuantized) } ?? 0
        }
        return chunkCapacity(inputBytes: bytes.max() ?? 0, cacheBytes: cacheBytes ?? unknown)
    }

    /// The same for inputs of at most `inputBytes` bytes for each token: a multiple of 16, as kernels like it.
    static func chunkCapacity(inputBytes: Int, cacheBytes: Int) -> Int {
        max(80, min(256, cacheBytes / 2 / max(1, inputBytes) / 16 * 16))
    }

    /// Bytes of a token's input of a matrix as kernels read it.
    private static func inputBytes(_ shape: MatrixShape, _ isQuantized: Bool) -> Int {
        guard isQuantized else { return shape.count * shape.columns * MemoryLayout<Float>.size }
        let perBlock = MemoryLayout<Float>.size + MemoryLayout<Int32>.size
        return QuantizedActivations.codeCount(shape) + perBlock * QuantizedActivations.blockCount(shape)
    }
}
