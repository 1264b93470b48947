/// Cuts a long text where its tokens stay the same, since SentencePiece needs some hundred bytes of memory for each byte of a text
/// that it is given at once.
struct TextPieces: Sequence, IteratorProtocol {
    /// Texts up to here are left whole.
    static let wanted = 64 << 10
    /// Longer texts are cut at any character if they must be: tokens may then differ at the cut, but a line of so many bytes is not
    /// worth the memory, and the library's numbers end at 2 GiB.
    static let limit = 64 << 20

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

    /// Where the next piece ends.
    private func cut() -> Int {
        if rest.count <= wanted { return rest.count }
        if cutsAtLineBreaks, let end = (wanted..<Swift.min(rest.count, limit)).first(where: isCut) { return end }
        if rest.count <= limit { return rest.count }
        // Back to the start of a character, which has at most 4 bytes.
        return (limit - 3...limit).last { rest[$0] & 0xC0 != 0x80 } ?? limit
    }

    /// True before a line break that follows another character.
    private func isCut(_ offset: Int) -> Bool {
        let lineBreak = UInt8(ascii: "\n")
        return rest[offset] == lineBreak && rest[offset - 1] != lineBreak
    }
}
