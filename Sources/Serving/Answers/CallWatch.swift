import RGEdge

/// Looks at an answer that may be a call of a function, and holds it back while it may be one: who asked wants the call, not its text.
struct CallWatch {
    /// Nil once it is known to be words.
    private var held: [AnswerPiece]?
    /// True once it begins as a call does: nothing but the end can change that.
    private var isCall = false
    private static let start = Array(#"{"name": ""#.utf8)

    /// With `isOn` false, everything is words.
    init(isOn: Bool) { held = isOn ? [] : nil }

    /// The pieces that are certainly words now.
    mutating func append(_ piece: AnswerPiece) -> [AnswerPiece] {
        guard var held else { return [piece] }
        held.append(piece)
        if isCall {
            self.held = held
            return []
        }
        let text = held.flatMap { Array($0.text.utf8) }.prefix(Self.start.count)
        if Self.start.starts(with: text) {
            isCall = text.count == Self.start.count
            self.held = held
            return []
        }
        self.held = nil
        return held
    }

    /// The end: the call, or what was held back of an answer that is none, or none that is whole.
    mutating func finish() -> (call: ToolCall?, words: [AnswerPiece]) {
        guard let held else { return (nil, []) }
        self.held = nil
        if let call = ToolCall(answer: held.reduce(into: "") { $0 += $1.text }) { return (call, []) }
        return (nil, held)
    }
}
