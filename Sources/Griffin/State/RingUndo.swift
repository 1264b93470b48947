import Glibc
import KernelTypes

/// What a chunk of tokens writes over in the rings of its runs' states, kept to take the chunk back if it came to numbers that are
/// not finite. The recurrent part is kept by each state itself (``State/keep(_:ofRecurrent:)``).
///
/// Costs a copy of the slots that a chunk can write. One per model; 2.1 MB for the 2B model and chunks of 256 tokens.
struct RingUndo: @unchecked Sendable {
    /// Bytes allocated.
    let byteCount: Int
    private let layout: State.Layout
    /// Tokens of a chunk, in all of its runs.
    private let tokenCapacity: Int
    private let memory: UnsafeMutableRawPointer

    private var vectorBytes: Int { layout.headDimension * layout.element.bytes }
    private var ringCount: Int { 2 * layout.attentionLayers }

    /// Nil if the system has no memory for it.
    init?(_ configuration: Configuration, element: CacheElement, chunkCapacity: Int) {
        layout = State.Layout(configuration, element: element)
        tokenCapacity = chunkCapacity
        let vectorBytes = configuration.headDimension * element.bytes + 1
        byteCount = max(1, 2 * layout.attentionLayers * chunkCapacity * vectorBytes)
        guard let memory = mmap(nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), memory != MAP_FAILED
        else { return nil }
        self.memory = memory
    }

    /// Gives the memory back; it must not be used afterwards.
    func deallocate() { munmap(memory, byteCount) }

    /// Keeps the key and value in `slot` of an attention layer, which those of token number `token` of the chunk replace.
    func keep(slot: Int, as token: Int, ofAttention layer: Int, in state: State) {
        state.keys(layer).copy(slot, to: vectors(2 * layer), at: token, bytes: vectorBytes)
        state.values(layer).copy(slot, to: vectors(2 * layer + 1), at: token, bytes: vectorBytes)
    }

    /// Makes the rings of a state what they were before `tokens`, as the chunk counts them. The state's position has not moved.
    func restore(_ state: State, tokens: Range<Int>) {
        for (index, ring) in state.rings.enumerated() {
            for token in tokens.suffix(layout.window) {
                let slot = Int((state.position + Int64(token - tokens.lowerBound)) % Int64(layout.window))
                vectors(index).copy(token, to: ring, at: slot, bytes: vectorBytes)
            }
        }
    }

    private func vectors(_ index: Int) -> CachedVectors {
        let exponents = memory + (ringCount * vectorBytes + index) * tokenCapacity
        return CachedVectors(
            numbers: memory + index * tokenCapacity * vectorBytes, exponents: exponents.assumingMemoryBound(to: Int8.self))
    }
}
