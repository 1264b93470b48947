import Glibc
import KernelTypes

/// What a chunk of tokens writes over in a state, kept to take the chunk back if it came to numbers that are not finite.
///
/// Costs a copy of the recurrent part and of the ring's slots that are written. One per model; 2.8 MB for the 2B model and chunks
/// of 256.
struct ChunkUndo: @unchecked Sendable {
    /// Bytes allocated.
    let byteCount: Int
    private let layout: State.Layout
    /// Tokens whose slots are kept.
    private let capacity: Int
    private let memory: UnsafeMutableRawPointer

    private var vectorBytes: Int { layout.headDimension * layout.element.bytes }
    private var ringCount: Int { 2 * layout.attentionLayers }

    /// Nil if the system has no memory for it.
    init?(_ configuration: Configuration, element: CacheElement, chunkCapacity: Int) {
        layout = State.Layout(configuration, element: element)
        capacity = min(chunkCapacity, configuration.window)
        byteCount = max(
            1, layout.recurrentBytes + 2 * layout.attentionLayers * capacity * (configuration.headDimension * element.bytes + 1))
        guard let memory = mmap(nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), memory != MAP_FAILED
        else { return nil }
        self.memory = memory
    }

    /// Gives the memory back; it must not be used afterwards.
    func deallocate() { munmap(memory, byteCount) }

    /// Keeps some of a recurrent layer's floats, counted from the start of h; the convolution's inputs follow h.
    func keep(_ floats: Range<Int>, ofRecurrent layer: Int, in state: State) {
        (recurrent(layer) + floats.lowerBound).update(from: state.hidden(layer) + floats.lowerBound, count: floats.count)
    }

    /// Keeps the key and value in `slot` of an attention layer: number `index` of those that the chunk replaces.
    func keep(slot: Int, as index: Int, ofAttention layer: Int, in state: State) {
        state.keys(layer).copy(slot, to: vectors(2 * layer), at: index, bytes: vectorBytes)
        state.values(layer).copy(slot, to: vectors(2 * layer + 1), at: index, bytes: vectorBytes)
    }

    /// Makes `state` what it was before a chunk of `count` tokens, which was computed to its end; the position has not moved.
    func restore(_ state: State, count: Int) {
        state.recurrentPart.copyMemory(from: UnsafeRawBufferPointer(start: memory, count: state.recurrentPart.count))
        let stored = min(count, layout.window)
        for (index, ring) in state.rings.enumerated() {
            for place in 0..<stored {
                let slot = Int((state.position + Int64(count - stored + place)) % Int64(layout.window))
                vectors(index).copy(place, to: ring, at: slot, bytes: vectorBytes)
            }
        }
    }

    private func recurrent(_ layer: Int) -> UnsafeMutablePointer<Float> {
        memory.assumingMemoryBound(to: Float.self) + layer * layout.recurrentFloats
    }

    private func vectors(_ index: Int) -> CachedVectors {
        let vectors = memory + layout.recurrentBytes
        let exponents = vectors + (ringCount * vectorBytes + index) * capacity
        return CachedVectors(
            numbers: vectors + index * capacity * vectorBytes, exponents: exponents.assumingMemoryBound(to: Int8.self))
    }
}
