/// What copies of a state are made of, in memory and in files.
extension State {
    /// Makes this state equal to `other`, which is of the same model, without allocating. Copies what means something: of a ring
    /// that isn't full yet, only the slots that are.
    public func copy(from other: State) {
        precondition(layout == other.layout, "states of different models")
        position = other.position
        preferLargePages()
        recurrentPart.copyMemory(from: UnsafeRawBufferPointer(other.recurrentPart))
        for layer in 0..<layout.attentionLayers {
            keys(layer).copyMemory(from: other.keys(layer), byteCount: filledRingBytes)
            values(layer).copyMemory(from: other.values(layer), byteCount: filledRingBytes)
        }
    }

    /// The parts that mean something, in the order of `formats/rgs.md`: all recurrent layers as one, then keys and values of each
    /// attention layer in turn, [min(position, window) × headDimension] each. Valid while this object lives.
    public var parts: [UnsafeRawBufferPointer] { mutableParts.map { UnsafeRawBufferPointer($0) } }

    /// Moves the state to `position`, which is not negative, and returns the ``parts`` that belong there, for the caller to fill.
    public func restore(position: Int64) -> [UnsafeMutableRawBufferPointer] {
        self.position = position
        preferLargePages()
        return mutableParts
    }

    private var mutableParts: [UnsafeMutableRawBufferPointer] {
        [recurrentPart]
            + (0..<layout.attentionLayers).flatMap { layer in
                [keys(layer), values(layer)].map { UnsafeMutableRawBufferPointer(start: $0, count: filledRingBytes) }
            }
    }
}
