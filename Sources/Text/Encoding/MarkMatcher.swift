import System

/// Finds control marks in a text: at each place the longest one that starts there, as SentencePiece matches user-defined pieces.
struct MarkMatcher: Sendable {
    private struct Mark {
        let name: [UInt8]
        let token: UInt32
    }

    /// Sorted by first byte, then longest first.
    private let marks: [Mark]
    /// For each byte, and one beyond, 257 in all: where in `marks` those start that begin with it or a higher one.
    private let starts: [Int]

    /// A part of a text: a mark's token, or the bytes between marks.
    enum Part {
        case mark(UInt32)
        case text(UnsafeRawBufferPointer)
    }

    /// Names must not be empty.
    init(_ marks: [(name: [UInt8], token: UInt32)]) {
        let sorted = marks.sorted { ($0.name[0], -$0.name.count) < ($1.name[0], -$1.name.count) }
        self.marks = sorted.map { Mark(name: $0.name, token: $0.token) }
        starts = (0...256).map { byte in sorted.firstIndex { Int($0.name[0]) >= byte } ?? sorted.count }
    }

    /// The token of the mark with that name, or nil.
    func token(of name: String) -> UInt32? { marks.first { $0.name.elementsEqual(name.utf8) }?.token }

    /// Calls `body` with the parts of a text in order; no text part is empty.
    func forEachPart(of text: UnsafeRawBufferPointer, _ body: (Part) throws(FileProblem) -> Void) throws(FileProblem) {
        var start = 0, offset = 0
        while offset < text.count {
            guard let mark = mark(at: offset, in: text) else {
                offset += 1
                continue
            }
            if start < offset { try body(.text(UnsafeRawBufferPointer(rebasing: text[start..<offset]))) }
            try body(.mark(mark.token))
            offset += mark.name.count
            start = offset
        }
        if start < text.count { try body(.text(UnsafeRawBufferPointer(rebasing: text[start...]))) }
    }

    private func mark(at offset: Int, in text: UnsafeRawBufferPointer) -> Mark? {
        let first = Int(text[offset])
        let rest = text[offset...]
        return marks[starts[first]..<starts[first + 1]].first { rest.starts(with: $0.name) }
    }
}
