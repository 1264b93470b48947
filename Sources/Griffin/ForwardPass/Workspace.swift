import Glibc
import KernelTypes
import Tiles

/// The memory of a forward pass: what one chunk of tokens is on its way through a layer. One per model, whatever the number of its
/// sessions; 29 MB for the 2B model and chunks of 256.
///
/// [n × m] below are f32, row by row, of the chunk's tokens.
struct Workspace: @unchecked Sendable {
    /// Tokens in a chunk.
    let chunkCapacity: Int

    /// [chunk × width]: the residual stream.
    let residual: UnsafeMutablePointer<Float>
    /// [chunk × width]
    let normed: UnsafeMutablePointer<Float>
    /// [chunk × the widest of MLP, RG-LRU and queries]
    let wide: UnsafeMutablePointer<Float>
    /// [chunk × the wider of MLP, RG-LRU, and a key with a value]
    let wide2: UnsafeMutablePointer<Float>
    /// [chunk × recurrentWidth]: the convolution's output, then h.
    let mixed: UnsafeMutablePointer<Float>
    /// [chunk × recurrentWidth]
    let gate: UnsafeMutablePointer<Float>
    /// The input of the matrices to come, for those with integer kernels.
    let quantized: QuantizedActivations
    /// [chunk × headDimension]: keys and values before they go to the ring, stored as there.
    let chunkKeys: CachedVectors
    let chunkValues: CachedVectors
    /// [chunk × half]: of the rotary angles.
    let cosines: UnsafeMutablePointer<Float>
    let sines: UnsafeMutablePointer<Float>
    /// [members × scratchCount]
    let scratch: UnsafeMutablePointer<Float>
    /// Floats of scratch per member.
    let scratchCount: Int
    /// [members]: the first place where a member found numbers that are not finite, each on a cache line of its own.
    let faults: UnsafeMutableRawPointer
    /// Bytes from one of these to the next.
    static let faultStride = 64

    let byteCount: Int
    private let memory: UnsafeMutableRawPointer

    /// Nil if the system has no memory for it.
    init?(weights: Weights, kernels: KernelSet, members: Int, chunkCapacity chunk: Int) {
        let configuration = weights.configuration
        let heads = configuration.headCount * configuration.headDimension
        let half = configuration.rotaryDimension / 2
        let matrices = weights.file.tensors.compactMap(\.matrixShape)
        let element = weights.cacheElement
        chunkCapacity = chunk
        scratchCount = (kernels.scratchCount(configuration.headDimension, configuration.window) + 15) & ~15

        var plan = Plan()
        let residual = plan.floats(chunk * configuration.width)
        let normed = plan.floats(chunk * configuration.width)
        let wide = plan.floats(chunk * max(configuration.mlpWidth, configuration.recurrentWidth, heads))
        let wide2 = plan.floats(
            chunk * max(configuration.mlpWidth, configuration.recurrentWidth, 2 * configuration.headDimension))
        let mixed = plan.floats(chunk * configuration.recurrentWidth)
        let gate = plan.floats(chunk * configuration.recurrentWidth)
        let codes = plan.bytes(chunk * (matrices.map(QuantizedActivations.codeCount).max() ?? 0))
        let scales = plan.floats(chunk * (matrices.map(QuantizedActivations.blockCount).max() ?? 0))
        let sums = plan.floats(chunk * (matrices.map(QuantizedActivations.blockCount).max() ?? 0))
        let chunkKeys = plan.bytes(chunk * configuration.headDimension * element.bytes)
        let chunkValues = plan.bytes(chunk * configuration.headDimension * element.bytes)
        let cosines = plan.floats(chunk * half)
        let sines = plan.floats(chunk * half)
        let scratch = plan.floats(members * scratchCount)
        let keyExponents = plan.bytes(chunk)
        let valueExponents = plan.bytes(chunk)
        let faults = plan.bytes(members * Self.faultStride)

        guard let memory = mmap(nil, plan.byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
            memory != MAP_FAILED
        else { return nil }
        self.memory = memory
        byteCount = plan.byteCount
        func floats(_ offset: Int) -> UnsafeMutablePointer<Float> { (memory + offset).assumingMemoryBound(to: Float.self) }
        self.residual = floats(residual)
        self.normed = floats(normed)
        self.wide = floats(wide)
        self.wide2 = floats(wide2)
        self.mixed = floats(mixed)
        self.gate = floats(gate)
        quantized = QuantizedActivations(
            codes: (memory + codes).assumingMemoryBound(to: Int8.self), scales: floats(scales),
            sums: (memory + sums).assumingMemoryBound(to: Int32.self))
        self.chunkKeys = CachedVectors(
            numbers: memory + chunkKeys, exponents: (memory + keyExponents).assumingMemoryBound(to: Int8.self))
        self.chunkValues = CachedVectors(
            numbers: memory + chunkValues, exponents: (memory + valueExponents).assumingMemoryBound(to: Int8.self))
        self.faults = memory + faults
        self.cosines = floats(cosines)
        self.sines = floats(sines)
        self.scratch = floats(scratch)
    }

    /// Gives the memory back; the workspace must not be used afterwards.
    func deallocate() { munmap(memory, byteCount) }

    /// Offsets of parts in one allocation, each on a cache line of its own.
    private struct Plan {
        private(set) var byteCount = 0

        mutating func bytes(_ count: Int) -> Int {
            defer { byteCount += (count + 63) & ~63 }
            return byteCount
        }

        mutating func floats(_ count: Int) -> Int { bytes(count * MemoryLayout<Float>.size) }
    }
}
