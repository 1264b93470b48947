import JSON
import RGEdge
import Text

extension AnswerPiece {
    /// For programs: the text, and the tokens if `--logprobs` asks for them.
    func json(_ tokenizer: Tokenizer, hasTokens: Bool) -> JSONValue {
        let text = JSONValue.string(text)
        guard hasTokens else { return ["text": text] }
        return ["text": text, "tokens": .array(tokens.map { $0.json(tokenizer) })]
    }
}

extension AnswerToken {
    fileprivate func json(_ tokenizer: Tokenizer) -> JSONValue {
        [
            "id": .integer(Int64(token)), "piece": .string(tokenizer.piece(of: token)), "logprob": .logprob(logprob),
            "top": .array(top.map { $0.json(tokenizer) }),
        ]
    }
}

extension TokenLogprob {
    fileprivate func json(_ tokenizer: Tokenizer) -> JSONValue {
        ["id": .integer(Int64(token)), "piece": .string(tokenizer.piece(of: token)), "logprob": .logprob(logprob)]
    }
}

extension JSONValue {
    /// In as few digits as tell it from other such numbers.
    fileprivate static func logprob(_ value: Float) -> JSONValue { .real(Double(value.description) ?? Double(value)) }
}
