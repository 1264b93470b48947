import System
import Text

/// One message of a conversation (`Text.Message`).
public typealias Message = Text.Message

extension Model {
    /// The tokens of a conversation, `<bos>` first, as its chat template writes it: up to where the model's turn begins, or, where
    /// the last message is the model's, to the end of that. A system message becomes the beginning of the user's turn after it.
    ///
    /// Throws for a base model, for turns of user and model that don't alternate or don't begin with the user's, for a system message
    /// that none of the user's follows, and if there is no memory.
    public func encode(_ messages: [Message]) throws(ModelError) -> [UInt32] {
        try conversation(messages, with: try encoder()).tokens
    }

    /// The same by this model's encoder, which the caller keeps.
    package func encode(_ messages: [Message], with encoder: Tokenizer.Encoder) throws(ModelError) -> [UInt32] {
        try conversation(messages, with: encoder).tokens
    }

    /// A conversation, to be found in sessions.
    func conversation(_ messages: [Message], with encoder: Tokenizer.Encoder) throws(ModelError) -> Conversation {
        guard let chatTemplate else { throw .noTemplate(self) }
        let turns = try modelErrors(Turns(messages))
        return Conversation(self, try modelErrors(chatTemplate.encode(turns, with: encoder)))
    }
}

/// The tokens of a conversation, and how much of it sessions have consumed already.
struct Conversation {
    /// `<bos>` first.
    let tokens: [UInt32]
    /// Where the answers are, in order.
    private let answers: [Range<Int>]
    private let start: Transcript

    fileprivate init(_ model: Model, _ turns: ChatTemplate.TurnTokens) {
        tokens = [model.configuration.bos] + turns.tokens
        answers = turns.answers.map { $0.lowerBound + 1..<$0.upperBound + 1 }
        start = Transcript(model)
    }

    /// The transcript of all of it.
    var transcript: Transcript { tokens.reduce(into: start) { $0.append($1) } }

    /// For each of some sessions' memories, how many tokens of the conversation say what it has consumed; nil where that is not the
    /// beginning of this conversation.
    ///
    /// It is if it has consumed the same tokens, or others that differ within answers alone, which read the same: then these are what
    /// the model said, and the tokens here are what a tokenizer makes of it.
    func beginnings(in memories: [SessionMemory]) -> [Int?] {
        var found = [Int?](repeating: nil, count: memories.count)
        var hash = TokenHash(), transcript = start, answers = answers[...]
        for count in 0...tokens.count {
            while let answer = answers.first, answer.upperBound <= count { answers.removeFirst() }
            let isInAnswer = answers.first.map { $0.lowerBound < count } ?? false
            let read = transcript.hash
            for (index, memory) in memories.enumerated() {
                let isSame =
                    memory.state.position == count && memory.tokenHash == hash
                    && memory.recent.oldestFirst == tokens[..<count].suffix(RecentTokens.limit)
                if isSame || (!isInAnswer && memory.transcript.isKnown && memory.transcript.hash == read) { found[index] = count }
            }
            guard count < tokens.count else { break }
            hash.append(tokens[count])
            transcript.append(tokens[count])
        }
        return found
    }
}

extension ModelError {
    /// A base model is asked for a chat.
    static func noTemplate(_ model: Model) -> ModelError {
        ModelError(.argument, "\(model.file.path): a base model, which has no chat template; prompt it with plain text")
    }
}
