import System
import Text

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
    private let start: Transcript

    fileprivate init(_ model: Model, _ turns: [UInt32]) {
        tokens = [model.configuration.bos] + turns
        start = Transcript(model)
    }

    /// The transcript of all of it.
    var transcript: Transcript { tokens.reduce(into: start) { $0.append($1) } }

    /// For each of some sessions' memories, how many tokens of the conversation say what it has consumed; nil where that is not the
    /// beginning of this conversation.
    ///
    /// It is if it has consumed the same tokens, or others that differ within answers alone, which read the same: then these are what
    /// the model said, and the tokens here are what a tokenizer makes of it. White space at the end of an answer counts for nothing
    /// once the answer is over; before more of it, it would be another text.
    func beginnings(in memories: [SessionMemory]) -> [Int?] {
        var found = [Int?](repeating: nil, count: memories.count)
        let known = memories.map { $0.transcript.isKnown ? $0.transcript : nil }
        let closed = known.map { $0?.hash }, open = known.map { $0?.openHash }
        var hash = TokenHash(), transcript = start
        for count in 0...tokens.count {
            let read: (own: UInt64?, theirs: [UInt64?]) =
                switch transcript.seam(before: count < tokens.count ? tokens[count] : nil) {
                case .closed: (transcript.hash, closed)
                case .open: (transcript.openHash, open)
                case .within: (nil, open)
                }
            for (index, memory) in memories.enumerated() {
                let isSame =
                    memory.state.position == count && memory.tokenHash == hash
                    && memory.recent.oldestFirst == tokens[..<count].suffix(RecentTokens.limit)
                if isSame || (read.own != nil && read.theirs[index] == read.own) { found[index] = count }
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
