import System

/// How a user's words are put to a model that was trained on conversations: a text with control marks and one place, `{text}`,
/// for the words. Gemma's is `<start_of_turn>user\n{text}<end_of_turn>\n<start_of_turn>model\n`;
/// `<bos>` goes before the first turn.
public struct ChatTemplate: Equatable, Sendable {
    /// What stands in a template for the user's words.
    public static let placeholder = "{text}"

    /// Gemma's format (https://ai.google.dev/gemma/docs/core/prompt-structure).
    public static let gemma = ChatTemplate(
        before: "\(ControlMark.startOfTurn)user\n",
        after: "\(ControlMark.endOfTurn)\n\(ControlMark.startOfTurn)model\n")

    /// How far the turn before was ended.
    public enum PreviousTurn: Sendable {
        /// Nothing is missing: there is none, or what belongs after its `<end_of_turn>` has come.
        case none
        /// `<end_of_turn>` was the last token, and the line break after it is missing.
        case ended
        /// Its end mark is still to come: it was cut off by a limit, a stop string or the user, or the model chose
        /// the mark but it was not fed.
        case cut
    }

    let before: String
    let after: String

    private init(before: String, after: String) {
        self.before = before
        self.after = after
    }

    /// A template that comes from `path`. Throws for one without ``placeholder`` or with several of them.
    public init(_ template: String, path: String) throws(FileProblem) {
        let places = template.places(of: Self.placeholder)
        guard places.count == 1 else {
            throw FileProblem(
                .content, path: path,
                problem: "the chat template has \(places.isEmpty ? "no" : String(places.count)) \(Self.placeholder)",
                advice: "write exactly one, where the user's words go, and convert the model again")
        }
        before = String(template[..<places[0].lowerBound])
        after = String(template[places[0].upperBound...])
    }

    /// Bytes of the template in UTF-8, without ``placeholder``.
    package var byteCount: Int { before.utf8.count + after.utf8.count }

    /// The template with ``placeholder`` in it.
    public var text: String { before + Self.placeholder + after }

    /// The tokens to feed for a turn of the user, up to where the model's begins; `<bos>` is not put first.
    ///
    /// Marks of the template become control tokens, marks in the user's text stay text. The rest is encoded as if it were one text:
    /// line breaks on both sides of a seam become one token.
    public func encode(
        user: String, after previous: PreviousTurn = .none, with encoder: Tokenizer.Encoder
    ) throws(FileProblem) -> [UInt32] {
        var writer = TemplateWriter(encoder)
        try writer.add(template: ending(previous) + before)
        writer.add(text: user)
        try writer.add(template: after)
        try writer.flush()
        return writer.tokens
    }

    /// What still belongs to the turn before: the template's own end of a turn, from `<end_of_turn>` after the user's words to the
    /// next `<start_of_turn>`. A template without these has none.
    func ending(_ previous: PreviousTurn) -> String {
        let marks = after.places(of: ControlMark.endOfTurn)
        guard previous != .none, let mark = marks.first, mark.lowerBound == after.startIndex,
            let next = after.places(of: ControlMark.startOfTurn).first
        else { return "" }
        return String(after[(previous == .cut ? mark.lowerBound : mark.upperBound)..<next.lowerBound])
    }
}
