import Text

/// How far the last turn of a conversation has been ended, which decides what a chat's next turn has to write first.
///
/// Follows from the tokens alone, whoever chose and fed them: a turn is open from `<start_of_turn>` to `<end_of_turn>`. Right after
/// that mark it still lacks the line break that templates write there; after any further token nothing is lacking. `<bos>` begins
/// another conversation, which owes nothing to the one before.
struct TurnState {
    private let bos: UInt32
    /// Nil where the vocabulary has no such mark; then no turn is ever open.
    private let startOfTurn: UInt32?, endOfTurn: UInt32?
    /// What the next turn comes after.
    private(set) var previous = ChatTemplate.PreviousTurn.none

    /// The state before the first token, with a vocabulary's marks.
    init(bos: UInt32, startOfTurn: UInt32?, endOfTurn: UInt32?) {
        self.bos = bos
        self.startOfTurn = startOfTurn
        self.endOfTurn = endOfTurn
    }

    /// The state before the first token of a session with a model.
    init(_ model: Model) {
        self.init(
            bos: model.configuration.bos, startOfTurn: model.tokenizer.startOfTurn, endOfTurn: model.tokenizer.endOfTurn)
    }

    /// True if a turn has been started and not been ended.
    var isOpen: Bool { previous == .cut }

    mutating func append(_ token: UInt32) {
        if token == startOfTurn {
            previous = .cut
        } else if token == endOfTurn {
            previous = .ended
        } else if token == bos || previous == .ended {
            previous = .none
        }
    }

    /// Forgets all tokens, except whether a turn is open.
    mutating func reset(isOpen: Bool = false) { previous = isOpen ? .cut : .none }
}
