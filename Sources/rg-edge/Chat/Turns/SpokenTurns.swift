import RGEdge
import Text

/// What was said in a conversation, as far as its session remembers the tokens: the last 4,096.
struct SpokenTurns {
    /// A turn, or a text outside of turns.
    struct Turn: Equatable {
        enum Speaker: Equatable {
            case user, model
            /// Text that was fed without a chat's template, and the end of a turn whose beginning isn't known.
            case unknown
        }

        let speaker: Speaker
        let text: String
    }

    /// Those that have text, oldest first.
    private(set) var turns: [Turn] = []
    /// False if something came before them.
    private(set) var areAll: Bool

    /// The turns of a session.
    init(_ session: Session) {
        let count = Int(min(session.position, Int64(Sampling.repetitionWindowLimit)))
        let tokens = session.lastTokens(count) ?? []
        self.init(tokens, session.model.tokenizer, areAll: Int64(tokens.count) == session.position)
    }

    /// The turns in some tokens.
    init(_ tokens: [UInt32], _ tokenizer: Tokenizer, areAll: Bool) {
        self.areAll = areAll
        var text: [UInt32] = [], isTurn = false
        func add(_ text: [UInt32], _ isTurn: Bool, to turns: inout [Turn]) {
            let text = String(decoding: tokenizer.decode(text), as: UTF8.self)
            let turn = isTurn ? Self.turn(text) : Turn(speaker: .unknown, text: text.trimmed)
            if !turn.text.isEmpty { turns.append(turn) }
        }
        for token in tokens {
            if token == tokenizer.startOfTurn || token == tokenizer.endOfTurn {
                add(text, isTurn, to: &turns)
                text = []
                isTurn = token == tokenizer.startOfTurn
            } else if !tokenizer.isControl(token) {
                text.append(token)
            }
        }
        add(text, isTurn, to: &turns)
    }

    /// The turn whose text begins with who speaks, on a line of its own.
    private static func turn(_ text: String) -> Turn {
        for (name, speaker) in [("user\n", Turn.Speaker.user), ("model\n", .model)] where text.hasPrefix(name) {
            return Turn(speaker: speaker, text: String(text.dropFirst(name.count)).trimmed)
        }
        return Turn(speaker: .unknown, text: text.trimmed)
    }

    /// The last so many of the user's turns, each with what follows it.
    func last(_ count: Int) -> SpokenTurns {
        let places = turns.indices.filter { turns[$0].speaker == .user }
        guard places.count >= count, let first = places.suffix(count).first, first > 0 else { return self }
        var last = self
        last.turns.removeFirst(first)
        last.areAll = false
        return last
    }
}
