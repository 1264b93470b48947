import Glibc
import KernelTypes

/// What a chunk of tokens writes over in the states of its runs, kept to take the chunk back if it came to numbers that are not
/// finite.
///
/// Costs a copy of each run's recurrent part and of the rings' slots that are written. One per model; for the 2B model and chunks
/// of 256 tokens 2.1 MB and 0.74 MB per run, whose pages the system gives only when there are first so many runs.
struct ChunkUndo: @unchecked Sendable {
    /// Bytes allocated.
    let byteCount: Int
    private let layout: State.Layout
    /// Tokens of a chunk, in all of its runs.
    private let tokenCapacity: Int
    private let runCapacity: Int
    private let memory: UnsafeMutableRawPointer

    private var vectorBytes: Int { layout.headDimension * layout.element.bytes }
    private var ringCount: Int { 2 * layout.attentionLayers }

    /// Nil if the system has no memory for it.
    init?(_ configuration: Configuration, element: CacheElement, chunkCapacity: Int, runCapacity: Int) {
        layout = State.Layout(configuration, element: element)
        tokenCapacity = chunkCapacity
        self.runCapacity = runCapacity
        let vectorBytes = configuration.headDimension * element.bytes + 1
        byteCount = max(1, runCapacity * layout.recurrentBytes + 2 * layout.attentionLayers * chunkCapacity * vectorBytes)
        guard let memory = mmap(nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), memory != MAP_FAILED
        else { return nil }
        self.memory = memory
    }

    /// Gives the memory back; it must not be used afterwards.
    func deallocate() { munmap(memory, byteCount) }

    /// Keeps some of a recurrent layer's floats, counted from the start of h; the convolution's inputs follow h. For run number
    /// `run` of the chunk, whose state it is.
    func keep(_ floats: Range<Int>, ofRecurrent layer: Int, in state: State, run: Int) {
        let kept = recurrentPart(ofRun: run).assumingMemoryBound(to: Float.self) + layer * layout.recurrentFloats
        (kept + floats.lowerBound).update(from: state.hidden(layer) + floats.lowerBound, count: floats.count)
    }

    /// Keeps the key and value in `slot` of an attention layer, which those of token number `token` of the chunk replace.
    func keep(slot: Int, as token: Int, ofAttention layer: Int, in state: State) {
        state.keys(layer).copy(slot, to: vectors(2 * layer), at: token, bytes: vectorBytes)
        state.values(layer).copy(slot, to: vectors(2 * layer + 1), at: token, bytes: vectorBytes)
    }

    /// Makes the state of run number `run` what it was before its `tokens`, as the chunk counts them, of which there must be one.
    /// They were computed to their end, but the position has not moved.
    func restore(_ state: State, run: Int, tokens: Range<Int>) {
        state.recurrentPart.copyMemory(
            from: UnsafeRawBufferPointer(start: recurrentPart(ofRun: run), count: state.recurrentPart.count))
        for (index, ring) in state.rings.enumerated() {
            for token in tokens.suffix(layout.window) {
                let slot = Int((state.position + Int64(token - tokens.lowerBound)) % Int64(layout.window))
                vectors(index).copy(token, to: ring, at: slot, bytes: vectorBytes)
            }
        }
    }

    private func recurrentPart(ofRun run: Int) -> UnsafeMutableRawPointer { memory + run * layout.recurrentBytes }

    private func vectors(_ index: Int) -> CachedVectors {
        let vectors = memory + runCapacity * layout.recurrentBytes
        let exponents = vectors + (ringCount * vectorBytes + index) * tokenCapacity
        return CachedVectors(
            numbers: vectors + index * tokenCapacity * vectorBytes, exponents: exponents.assumingMemoryBound(to: Int8.self))
    }
}
