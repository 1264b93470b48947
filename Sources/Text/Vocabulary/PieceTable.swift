/// The vocabulary's pieces by token: their names, one after the other, and what they are for. A piece takes 5 bytes and its
/// name, 3 MB for Gemma's 256,000.
struct PieceTable: Sendable {
    private var names: [UInt8] = []
    /// Where each name ends.
    private var ends: [UInt32] = []
    /// By token; ``PieceKind/control`` for all marks.
    private(set) var kinds: [PieceKind] = []

    var count: Int { kinds.count }

    /// Bytes that it holds in memory.
    var byteCount: Int {
        names.capacity + ends.capacity * MemoryLayout<UInt32>.stride + kinds.capacity * MemoryLayout<PieceKind>.stride
    }

    /// Adds the next piece. Names must have fewer than 2³² bytes in all.
    mutating func append(_ name: some Sequence<UInt8>, _ kind: PieceKind) {
        names.append(contentsOf: name)
        ends.append(UInt32(names.count))
        kinds.append(kind)
    }

    /// Gives back the room that no piece needs.
    mutating func trim() {
        names = Array(names[...])
        ends = Array(ends[...])
        kinds = Array(kinds[...])
    }

    /// The UTF-8 name of a piece, which must exist.
    func name(of token: UInt32) -> ArraySlice<UInt8> {
        let token = Int(token)
        return names[(token == 0 ? 0 : Int(ends[token - 1]))..<Int(ends[token])]
    }

    /// The token with that name and, if given, of that kind, or nil. Looks at every piece.
    func token(named name: some Collection<UInt8>, kind: PieceKind? = nil) -> UInt32? {
        for token in kinds.indices where kind == nil || kinds[token] == kind {
            let candidate = self.name(of: UInt32(token))
            if candidate.count == name.count, candidate.elementsEqual(name) { return UInt32(token) }
        }
        return nil
    }
}
