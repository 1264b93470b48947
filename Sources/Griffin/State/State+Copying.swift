import KernelTypes

/// What copies of a state are made of, in memory and in files.
extension State {
    /// Makes this state equal to `other`, which is of the same model, without allocating. Copies only what means something: of a
    /// ring that isn't full yet, only the filled slots.
    public func copy(from other: State) {
        precondition(layout == other.layout, "states of different models")
        position = other.position
        preferLargePages()
        recurrentPart.copyMemory(from: UnsafeRawBufferPointer(other.recurrentPart))
        for index in 0..<ringCount {
            let ring = ring(index), source = other.ring(index)
            ring.numbers.copyMemory(from: source.numbers, byteCount: filledRingBytes)
            ring.exponents.update(from: source.exponents, count: filledSlots)
        }
    }

    /// A part of a state as a saved session has it.
    public struct Part {
        /// Its bytes, in place.
        public let bytes: UnsafeMutableRawBufferPointer
        /// What its numbers are stored as; nil for exponents.
        public let element: CacheElement?
        /// What it is, for a message.
        public let name: String
    }

    /// The parts that mean something, in the order of `formats/rgs.md`: all recurrent layers as one, then keys and values of each
    /// attention layer in turn, [min(position, window) × headDimension] each; then, if wanted, the exponents of each of these.
    /// Valid while this object lives.
    public func parts(withExponents: Bool) -> [Part] {
        let recurrent = Part(bytes: recurrentPart, element: .f32, name: "recurrent layers")
        let vectors = rings.enumerated().map { index, ring in
            Part(
                bytes: UnsafeMutableRawBufferPointer(start: ring.numbers, count: filledRingBytes), element: layout.element,
                name: ringName(index))
        }
        guard withExponents else { return [recurrent] + vectors }
        let exponents = rings.enumerated().map { index, ring in
            Part(
                bytes: UnsafeMutableRawBufferPointer(start: ring.exponents, count: filledSlots), element: nil,
                name: "exponents of the " + ringName(index))
        }
        return [recurrent] + vectors + exponents
    }

    private func ringName(_ index: Int) -> String { "\(index % 2 == 0 ? "keys" : "values") of attention layer \(index / 2)" }

    /// True if some key or value has an exponent other than 0.
    public var hasExponents: Bool {
        rings.contains { UnsafeBufferPointer(start: $0.exponents, count: filledSlots).contains { $0 != 0 } }
    }

    /// Moves the state to `position`, which must not be negative, with exponents of 0. The caller then fills the
    /// ``parts(withExponents:)``, which have the sizes for that position.
    public func restore(position: Int64) {
        self.position = position
        preferLargePages()
        for index in 0..<ringCount { ring(index).exponents.update(repeating: 0, count: filledSlots) }
    }
}
