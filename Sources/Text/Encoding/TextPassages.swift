/// Cuts a long text where its tokens stay the same, since SentencePiece needs 280 bytes of memory for each byte of a
/// text that it is given at once.
struct TextPassages: Sequence, IteratorProtocol {
    /// Texts up to here are left whole.
    static let wanted = 64 << 10
    /// A longer line is cut as well, where words begin: tokens can differ only there, and only if a piece has a space inside.
    static let limit = 1 << 17
    /// How far back from the limit such a place is looked for; where there is none, the cut is between any two characters.
    private static let longestWord = 4096

    private var rest: UnsafeRawBufferPointer
    private let cutsAtLineBreaks: Bool
    private let wanted: Int
    private let limit: Int

    /// `cutsAtLineBreaks` as in ``TokenizerModel/cutsAtLineBreaks``.
    init(_ text: UnsafeRawBufferPointer, cutsAtLineBreaks: Bool, wanted: Int = Self.wanted, limit: Int = Self.limit) {
        rest = text
        self.cutsAtLineBreaks = cutsAtLineBreaks
        self.wanted = wanted
        self.limit = limit
    }

    mutating func next() -> UnsafeRawBufferPointer? {
        guard !rest.isEmpty else { return nil }
        let end = cut()
        defer { rest = UnsafeRawBufferPointer(rebasing: rest[end...]) }
        return UnsafeRawBufferPointer(rebasing: rest[..<end])
    }

    /// Where the next passage ends.
    private func cut() -> Int {
        if rest.count <= wanted { return rest.count }
        if cutsAtLineBreaks {
            let places = wanted..<Swift.min(rest.count, limit)
            if let end = places.first(where: { isRun(of: UInt8(ascii: "\n"), at: $0) }) { return end }
        }
        if rest.count <= limit { return rest.count }
        let places = Swift.max(1, limit - Self.longestWord)...limit
        return places.last { isRun(of: UInt8(ascii: " "), at: $0) }
            ?? places.last { rest[$0] & 0xC0 != 0x80 }
            ?? limit
    }

    /// True where a run of a byte begins that follows another byte.
    private func isRun(of byte: UInt8, at offset: Int) -> Bool { rest[offset] == byte && rest[offset - 1] != byte }
}
