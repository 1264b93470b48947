/// A deterministic finite automaton over bytes. It starts in state 0, and from each of its states an accepting one can be reached.
struct ByteMachine: Hashable, Sendable {
    /// The class of each byte: bytes of one class lead to the same state everywhere.
    let classes: [UInt8]
    let classCount: Int
    /// State × class → state, or -1.
    let table: [Int32]
    let accepts: [Bool]

    /// 0 if it matches nothing.
    var stateCount: Int { accepts.count }

    /// The state after a byte; nil where there is none.
    func next(_ state: Int32, _ byte: UInt8) -> Int32? {
        let next = table[Int(state) * classCount + Int(classes[Int(byte)])]
        return next < 0 ? nil : next
    }

    /// Whether it matches a text as a whole.
    func matches(_ bytes: some Sequence<UInt8>) -> Bool {
        guard stateCount > 0 else { return false }
        var state: Int32 = 0
        for byte in bytes {
            guard let next = next(state, byte) else { return false }
            state = next
        }
        return accepts[Int(state)]
    }
}
