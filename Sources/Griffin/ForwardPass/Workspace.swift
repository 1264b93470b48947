import Glibc
import KernelTypes
import Tiles

/// The memory of a forward pass: what one chunk of tokens is on its way through a layer. One per model, whatever the number of its
/// sessions; 29 MB for the 2B model and chunks of 256, and up to 0.3 MB a member for kernels that unpack weights.
///
/// [n × m] below are f32, row by row, of the chunk's tokens, run after run.
struct Workspace: @unchecked Sendable {
    /// Tokens in a chunk.
    let chunkCapacity: Int
    /// Runs in a chunk.
    let runCapacity: Int

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
    /// What is looked up of the chunk's tokens.
    let tables: Chunk.Tables
    /// [members × scratchCount]: scores of attention, or some rows of the head's logits.
    private let scratch: UnsafeMutablePointer<Float>
    /// Floats of scratch per member.
    private let scratchCount: Int
    /// [members × unpackedBytes]: weights that some kernels unpack, a strip at a time.
    private let unpacked: UnsafeMutableRawPointer
    /// Bytes of a member's.
    private let unpackedBytes: Int
    /// [members × faultStride]
    private let faults: UnsafeMutablePointer<Int32>
    /// Faults per member: whole cache lines, so that members don't write to the same one.
    private let faultStride: Int

    let byteCount: Int
    private let memory: UnsafeMutableRawPointer

    /// Nil if the system has no memory for it.
    init?(weights: Weights, kernels: KernelSet, members: Int, chunkCapacity chunk: Int, runCapacity: Int) {
        let configuration = weights.configuration
        let heads = configuration.headCount * configuration.headDimension
        let half = configuration.rotaryDimension / 2
        let matrices = weights.file.tensors.compactMap(\.matrixShape)
        let element = weights.cacheElement
        chunkCapacity = chunk
        self.runCapacity = runCapacity
        let attention = kernels.scratchCount(configuration.headDimension, configuration.window)
        scratchCount = (max(attention, Self.headScratchCount(chunk)) + 15) & ~15
        unpackedBytes =
            weights.file.tensors.compactMap { tensor in tensor.matrixShape.map { kernels.unpackedStripBytes($0, tensor.type) } }
            .max() ?? 0
        faultStride = (runCapacity + 15) & ~15

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
        let unpacked = plan.bytes(members * unpackedBytes)
        let keyExponents = plan.bytes(chunk)
        let valueExponents = plan.bytes(chunk)
        let faults = plan.bytes(members * faultStride * MemoryLayout<Int32>.size)
        let starts = plan.bytes((runCapacity + 1) * MemoryLayout<Int32>.size)
        let runs = plan.bytes(chunk * MemoryLayout<Int32>.size)
        let wanted = plan.bytes(chunk * MemoryLayout<Int32>.size)
        let logits = plan.bytes(chunk * MemoryLayout<UnsafeMutablePointer<Float>>.size)
        let headRowTiles = plan.bytes((configuration.vocabularySize + Tile.rows - 1) / Tile.rows * MemoryLayout<Int32>.size)

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
        self.faults = (memory + faults).assumingMemoryBound(to: Int32.self)
        tables = Chunk.Tables(
            starts: (memory + starts).assumingMemoryBound(to: Int32.self),
            runs: (memory + runs).assumingMemoryBound(to: Int32.self),
            wanted: (memory + wanted).assumingMemoryBound(to: Int32.self),
            logits: (memory + logits).assumingMemoryBound(to: UnsafeMutablePointer<Float>.self),
            headRowTiles: (memory + headRowTiles).assumingMemoryBound(to: Int32.self))
        self.cosines = floats(cosines)
        self.sines = floats(sines)
        self.scratch = floats(scratch)
        self.unpacked = memory + unpacked
    }

    /// The working memory of a member.
    func scratch(_ member: Int) -> UnsafeMutablePointer<Float> { scratch + member * scratchCount }

    /// Where a member unpacks weights; nil if its kernels don't.
    func unpacked(_ member: Int) -> UnsafeMutableRawPointer? { unpackedBytes > 0 ? unpacked + member * unpackedBytes : nil }

    /// For each run, the first place where a member found numbers of it that are not finite. [runs]
    func faults(_ member: Int) -> UnsafeMutablePointer<Int32> { faults + member * faultStride }

    /// Rows of tiles of the head that a member takes at once for so many tokens. Their logits lie in its scratch, and had better
    /// stay in the nearest cache. An even number, as kernels like it.
    static func headRowTiles(tokens: Int) -> Int { max(2, headFloats / (tokens * Tile.rows) & ~1) }
    private static let headFloats = 4096

    /// Floats of scratch for these, for up to so many tokens.
    private static func headScratchCount(_ tokens: Int) -> Int { max(headFloats, 2 * Tile.rows * tokens) }

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
