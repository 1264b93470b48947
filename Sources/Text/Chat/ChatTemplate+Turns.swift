import System

extension ChatTemplate {
    /// The tokens of a whole conversation, up to where the model's turn begins, or to the end of the answer that it begins with:
    /// those of Hugging Face's `apply_chat_template`, with `add_generation_prompt`, or with `continue_final_message` where the last
    /// message is the model's. (That keeps no white space at its end either: the model has learned to write spaces at the beginning
    /// of words, and a token of spaces alone would lead it astray.)
    public func encode(_ turns: Turns, with encoder: Tokenizer.Encoder) throws(FileProblem) -> [UInt32] {
        var writer = TemplateWriter(encoder)
        for (index, user) in turns.users.enumerated() {
            try writer.add(template: before)
            writer.add(text: user)
            try writer.add(template: after)
            guard index < turns.answers.count else { break }
            writer.add(text: turns.answers[index])
            if index < turns.users.count - 1 { try writer.add(template: ending(.cut)) }
        }
        try writer.flush()
        return writer.tokens
    }

    /// What the model's turn begins with after `<start_of_turn>`; nil for a template without that mark.
    package var opening: String? {
        after.places(of: ControlMark.startOfTurn).last.map { String(after[$0.upperBound...]) }
    }
}
