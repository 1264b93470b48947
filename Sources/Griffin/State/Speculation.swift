import Glibc
import KernelTypes

/// What a chunk of tokens makes of a state, kept aside until it is known how many of the tokens stay: speculation without undoing.
///
/// Holds, after each token, h and the convolution's input of every recurrent layer, and the keys and values that would go to the
/// rings. ``accept(_:into:)`` moves a state on by the first tokens at the cost of copying the recurrent part once. 0.38 MB per
/// token for the 2B model.
public final class Speculation: @unchecked Sendable {
    /// Tokens that a chunk may have.
    public let capacity: Int
    /// Bytes allocated.
    public var byteCount: Int { layout.byteCount }

    /// Sizes of the parts.
    private struct Layout {
        let state: State.Layout
        let capacity: Int

        /// Floats of one recurrent layer: h and the input of each token, then room for h and three inputs, which kernels update.
        var recurrentFloats: Int { 2 * capacity * state.recurrentWidth + state.recurrentFloats }
        var recurrentBytes: Int { (state.recurrentLayers * recurrentFloats * MemoryLayout<Float>.size + 63) & ~63 }
        /// Bytes of a key or a value.
        var vectorBytes: Int { state.headDimension * state.element.bytes }
        var byteCount: Int { max(1, recurrentBytes + state.attentionLayers * 2 * capacity * (vectorBytes + 1)) }
    }

    private let layout: Layout
    private let memory: UnsafeMutableRawPointer

    /// Bytes of one for chunks of `capacity` tokens.
    public static func byteCount(_ configuration: Configuration, element: CacheElement, capacity: Int) -> Int {
        Layout(state: State.Layout(configuration, element: element), capacity: capacity).byteCount
    }

    /// Room for a chunk of `capacity` tokens. Nil if the system has no memory for it.
    public init?(_ configuration: Configuration, element: CacheElement, capacity: Int) {
        layout = Layout(state: State.Layout(configuration, element: element), capacity: capacity)
        self.capacity = capacity
        guard let memory = mmap(nil, layout.byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
            memory != MAP_FAILED
        else { return nil }
        self.memory = memory
    }

    deinit { munmap(memory, layout.byteCount) }

    /// Moves `state`, to which the chunk was fed, on by the chunk's first `count` tokens.
    public func accept(_ count: Int, into state: State) {
        precondition((1...capacity).contains(count) && state.layout == layout.state, "tokens of another chunk")
        let width = layout.state.recurrentWidth
        for layer in 0..<layout.state.recurrentLayers {
            state.hidden(layer).update(from: hidden(layer) + (count - 1) * width, count: width)
            let history = state.history(layer)
            // The last three inputs: some may be from before the chunk.
            let kept = max(0, 3 - count)
            history.update(from: history + (3 - kept) * width, count: kept * width)
            (history + kept * width).update(from: inputs(layer) + (count - 3 + kept) * width, count: (3 - kept) * width)
        }
        for layer in 0..<layout.state.attentionLayers {
            for token in max(0, count - layout.state.window)..<count {
                let slot = Int((state.position + Int64(token)) % Int64(layout.state.window))
                keys(layer).copy(token, to: state.keys(layer), at: slot, bytes: layout.vectorBytes)
                values(layer).copy(token, to: state.values(layer), at: slot, bytes: layout.vectorBytes)
            }
        }
        state.position += Int64(count)
    }

    // MARK: - Parts

    /// h of a recurrent layer after each token. [capacity × recurrentWidth]
    func hidden(_ layer: Int) -> UnsafeMutablePointer<Float> {
        memory.assumingMemoryBound(to: Float.self) + layer * layout.recurrentFloats
    }

    /// The inputs of the convolution of a recurrent layer. [capacity × recurrentWidth]
    func inputs(_ layer: Int) -> UnsafeMutablePointer<Float> { hidden(layer) + capacity * layout.state.recurrentWidth }

    /// A copy of the state's h, for the kernels to update. [recurrentWidth]
    func workingHidden(_ layer: Int) -> UnsafeMutablePointer<Float> { inputs(layer) + capacity * layout.state.recurrentWidth }

    /// A copy of the state's last three inputs, for the kernels to update. [3 × recurrentWidth]
    func workingHistory(_ layer: Int) -> UnsafeMutablePointer<Float> { workingHidden(layer) + layout.state.recurrentWidth }

    /// The chunk's keys in an attention layer. [capacity × headDimension]
    func keys(_ layer: Int) -> CachedVectors { vectors(2 * layer) }

    /// The chunk's values in an attention layer. [capacity × headDimension]
    func values(_ layer: Int) -> CachedVectors { vectors(2 * layer + 1) }

    /// Keys and values of the first attention layer, of the next, and so on.
    private func vectors(_ index: Int) -> CachedVectors {
        let vectors = memory + layout.recurrentBytes
        let exponents = vectors + (layout.state.attentionLayers * 2 * layout.vectorBytes + index) * capacity
        return CachedVectors(
            numbers: vectors + index * capacity * layout.vectorBytes, exponents: exponents.assumingMemoryBound(to: Int8.self))
    }
}
