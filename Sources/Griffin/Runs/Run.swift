/// Tokens of one session, one after the other, that pass through the model together: alone, or with the runs of other sessions.
public struct Run {
    /// Each below the vocabulary's size. They must stay where they are until the pass is over.
    public let tokens: UnsafeBufferPointer<UInt32>
    /// What they are fed to; of the model that computes.
    public let state: State
    /// Which logits are wanted, and where they go.
    public let output: ForwardPass.Output
    /// Receives what would otherwise change the state. Must have room for the tokens.
    public let speculation: Speculation?

    /// Tokens to feed to a state: what they make of it goes to the speculation, if there is one.
    public init(
        _ tokens: UnsafeBufferPointer<UInt32>, to state: State, output: ForwardPass.Output, speculation: Speculation? = nil
    ) {
        self.tokens = tokens
        self.state = state
        self.output = output
        self.speculation = speculation
    }

    var count: Int { tokens.count }
    /// Position of the first token.
    var position: Int64 { state.position }

    /// How many of the tokens' logits are wanted: of the last ones.
    var wantedCount: Int {
        switch output {
        case .none: 0
        case .last: min(1, count)
        case .all: count
        }
    }

    /// True if the two can be in one pass: neither changes what the other reads or writes.
    func isApart(from other: Run) -> Bool {
        guard let speculation, let others = other.speculation else { return state !== other.state }
        return speculation !== others
    }
}
