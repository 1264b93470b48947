import System

extension ChatTemplate {
    /// The tokens of a conversation.
    public struct TurnTokens: Sendable {
        /// All of them; `<bos>` is not put first.
        public internal(set) var tokens: [UInt32]
        /// Where answers lie in them, in order, each with all of its tokens and no others. One is missing if a token is partly the
        /// answer's and partly the template's.
        public internal(set) var answers: [Range<Int>]
    }

    /// The tokens of a whole conversation, up to where the model's turn begins, or to the end of the answer that it begins with:
    /// those of Hugging Face's `apply_chat_template`, with `add_generation_prompt`, or with `continue_final_message` where the last
    /// message is the model's. (That keeps no white space at its end either: the model has learned to write spaces at the beginning
    /// of words, and a token of spaces alone would lead it astray.)
    public func encode(_ turns: Turns, with encoder: Tokenizer.Encoder) throws(FileProblem) -> TurnTokens {
        var writer = TemplateWriter(encoder)
        var answers: [Range<Int>] = []
        for (index, user) in turns.users.enumerated() {
            try writer.add(template: before)
            writer.add(text: user)
            try writer.add(template: after)
            guard index < turns.answers.count else { break }
            let start = writer.tokens.count, opening = try encoder.encode(bytes: writer.text)
            writer.add(text: turns.answers[index])
            let isLast = index == turns.users.count - 1, ending = isLast ? "" : ending(.cut)
            // Before a mark, as an ending begins with one, and at the end there is nothing to join.
            guard isLast || !ending.isEmpty else { continue }
            try writer.flush()
            if writer.tokens[start...].starts(with: opening) { answers.append(start + opening.count..<writer.tokens.count) }
            try writer.add(template: ending)
        }
        try writer.flush()
        return TurnTokens(tokens: writer.tokens, answers: answers)
    }

    /// What the model's turn begins with after `<start_of_turn>`; nil for a template without that mark.
    package var opening: String? {
        after.places(of: ControlMark.startOfTurn).last.map { String(after[$0.upperBound...]) }
    }
}
