import Glibc
import KernelTypes

/// What a model remembers of the tokens so far; its size does not depend on their number.
///
/// Per recurrent layer h [recurrentWidth] and the last three inputs of the convolution, both f32; per attention layer a ring with
/// the keys (rotated) and values of the last `window` positions, each with its exponent (`CacheElement`): position k in slot
/// k mod window. 17.5 MB for the 2B model, and 0.7 MB to take a pass back, without which it can be copied but not be fed.
///
/// One allocation, whose pages the system gives only when they are first written.
public final class State: @unchecked Sendable {
    /// Sizes and offsets of the parts.
    struct Layout: Equatable, Sendable {
        let recurrentWidth: Int
        let headDimension: Int
        let window: Int
        let recurrentLayers: Int
        let attentionLayers: Int
        let element: CacheElement

        init(_ configuration: Configuration, element: CacheElement) {
            recurrentWidth = configuration.recurrentWidth
            headDimension = configuration.headDimension
            window = configuration.window
            recurrentLayers = configuration.layerCount(of: .recurrent)
            attentionLayers = configuration.layerCount(of: .attention)
            self.element = element
        }

        /// Floats of one recurrent layer: h, then three inputs of the convolution.
        var recurrentFloats: Int { Configuration.convolutionTaps * recurrentWidth }
        /// Bytes of all recurrent layers, which come first; whole cache lines.
        var recurrentBytes: Int { (recurrentLayers * recurrentFloats * MemoryLayout<Float>.size + 63) & ~63 }
        /// Bytes of the keys, or the values, of one attention layer.
        var ringBytes: Int { window * headDimension * element.bytes }
        /// Bytes of the keys' and values' exponents.
        var exponentBytes: Int { attentionLayers * 2 * window }
        /// Of all parts; whole cache lines.
        var byteCount: Int { recurrentBytes + (attentionLayers * 2 * ringBytes + exponentBytes + 63) & ~63 }
    }

    let layout: Layout
    /// Tokens consumed so far: the position of the next one.
    public internal(set) var position: Int64 = 0
    /// Bytes allocated.
    public let byteCount: Int
    /// True if tokens can be fed: there is room for what a pass writes over of the recurrent part.
    let canBeFed: Bool
    private let memory: UnsafeMutableRawPointer

    /// Bytes of a state.
    public static func byteCount(_ configuration: Configuration, element: CacheElement, canBeFed: Bool = true) -> Int {
        let layout = Layout(configuration, element: element)
        // At least a byte, for a model without any layer.
        return max(1, layout.byteCount + (canBeFed ? layout.recurrentBytes : 0))
    }

    /// Bytes of a copy's memory that the system gives after so many tokens: for rings that are less than half full, pages of what they
    /// hold; else large pages, so perhaps all.
    public static func touchedBytes(_ configuration: Configuration, element: CacheElement, position: Int64) -> Int {
        let layout = Layout(configuration, element: element), whole = byteCount(configuration, element: element, canBeFed: false)
        guard position < layout.window / 2 else { return whole }
        let page = Int(getpagesize()), filled = Int(max(0, position)) * layout.headDimension * element.bytes
        // Each ring and its exponents begin and end within pages.
        return min(whole, layout.recurrentBytes + layout.attentionLayers * 2 * (filled + 4 * page))
    }

    /// An empty state, to be fed or to hold a copy of one. Nil if the system has no memory for it.
    public init?(_ configuration: Configuration, element: CacheElement, canBeFed: Bool = true) {
        layout = Layout(configuration, element: element)
        byteCount = Self.byteCount(configuration, element: element, canBeFed: canBeFed)
        self.canBeFed = canBeFed
        guard let memory = mmap(nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), memory != MAP_FAILED
        else { return nil }
        self.memory = memory
    }

    deinit { munmap(memory, byteCount) }

    /// Back to position 0.
    public func reset() {
        position = 0
        // Rings need no clearing: slots of positions that don't exist are not read.
        memset(memory, 0, layout.recurrentBytes)
    }

    /// Asks for large pages if most of the memory is about to be filled at once: filling 17.5 MB then takes 1.9 ms instead of 9.8,
    /// most of which is the system's work to give 4,000 small ones. A short conversation is better off with pages for what it has.
    func preferLargePages() {
        guard position >= layout.window / 2 else { return }
        madvise(memory, layout.byteCount, MADV_HUGEPAGE)
    }

    // MARK: - Parts

    /// h of a recurrent layer. [recurrentWidth]
    func hidden(_ layer: Int) -> UnsafeMutablePointer<Float> {
        memory.assumingMemoryBound(to: Float.self) + layer * layout.recurrentFloats
    }

    /// The last three inputs of the convolution of a recurrent layer, oldest first. [3 × recurrentWidth]
    func history(_ layer: Int) -> UnsafeMutablePointer<Float> { hidden(layer) + layout.recurrentWidth }

    /// The keys of an attention layer. [window × headDimension]
    func keys(_ layer: Int) -> CachedVectors { ring(2 * layer) }

    /// The values of an attention layer. [window × headDimension]
    func values(_ layer: Int) -> CachedVectors { ring(2 * layer + 1) }

    /// The rings: keys and values of the first attention layer, of the next, and so on.
    func ring(_ index: Int) -> CachedVectors {
        let rings = memory + layout.recurrentBytes
        let exponents = rings + layout.attentionLayers * 2 * layout.ringBytes + index * layout.window
        return CachedVectors(
            numbers: rings + index * layout.ringBytes, exponents: exponents.assumingMemoryBound(to: Int8.self))
    }

    /// All recurrent layers, as one part.
    var recurrentPart: UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(
            start: memory, count: layout.recurrentLayers * layout.recurrentFloats * MemoryLayout<Float>.size)
    }

    // MARK: - The way back to before a pass

    /// Before a pass writes over some of a recurrent layer's floats, counted from the start of h: keeps them. The convolution's
    /// inputs follow h.
    func keep(_ floats: Range<Int>, ofRecurrent layer: Int) {
        let start = layer * layout.recurrentFloats + floats.lowerBound
        (keptRecurrentPart + start).update(from: memory.assumingMemoryBound(to: Float.self) + start, count: floats.count)
    }

    /// Makes the recurrent part what it was before a pass that was computed to its end.
    func restoreRecurrentPart() {
        recurrentPart.copyMemory(
            from: UnsafeRawBufferPointer(start: UnsafeRawPointer(keptRecurrentPart), count: recurrentPart.count))
    }

    private var keptRecurrentPart: UnsafeMutablePointer<Float> {
        (memory + layout.byteCount).assumingMemoryBound(to: Float.self)
    }

    // MARK: - Rings

    /// Keys and values of all attention layers.
    var ringCount: Int { 2 * layout.attentionLayers }

    /// All rings. Allocates.
    var rings: [CachedVectors] { (0..<ringCount).map(ring) }

    /// Slots of a ring that hold something: rings fill from slot 0 on.
    var filledSlots: Int { Int(min(position, Int64(layout.window))) }

    /// Bytes of the keys, or the values, of an attention layer that hold something.
    var filledRingBytes: Int { filledSlots * layout.headDimension * layout.element.bytes }
}
