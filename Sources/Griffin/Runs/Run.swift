import Tiles

/// Tokens of one session, one after the other, that pass through the model together: alone, or with the runs of other sessions.
public struct Run {
    /// Each below the vocabulary's size. They must stay where they are until the pass is over.
    public let tokens: UnsafeBufferPointer<UInt32>
    /// What they are fed to; of the model that computes.
    public let state: State
    /// Which logits are wanted, and where they go.
    public let output: ForwardPass.Output
    /// The tokens whose logits are wanted, a bit for each, the first token's the lowest of the first word: the others' are left as
    /// they are, or computed as well. Nil for all. They must stay where they are until the pass is over.
    public let rows: UnsafeBufferPointer<UInt64>?
    /// Where each token's residual stream after the last layer goes, from which ``ForwardPass/writeLogits(after:to:)`` makes logits
    /// later; nil if nobody wants that. [tokens × width]
    public let streams: UnsafeMutablePointer<Float>?
    /// Receives what would otherwise change the state. Must have room for the tokens.
    public let speculation: Speculation?

    /// Tokens to feed to a state: what they make of it goes to the speculation, if there is one.
    public init(
        _ tokens: UnsafeBufferPointer<UInt32>, to state: State, output: ForwardPass.Output, speculation: Speculation? = nil,
        rows: UnsafeBufferPointer<UInt64>? = nil, streams: UnsafeMutablePointer<Float>? = nil
    ) {
        self.tokens = tokens
        self.state = state
        self.output = output
        self.speculation = speculation
        self.rows = rows
        self.streams = streams
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
        case .from(let first, _): max(0, count - first)
        }
    }

    /// True if a logit of a row of tiles of the head is wanted.
    func wants(rowTile: Int) -> Bool {
        guard let rows else { return true }
        let first = rowTile * Tile.rows, word = first / 64
        return word < rows.count && rows[word] >> UInt64(first % 64) & (1 << UInt64(Tile.rows) - 1) != 0
    }

    /// True if the two can be in one pass: neither changes what the other reads or writes.
    func isApart(from other: Run) -> Bool {
        guard let speculation, let others = other.speculation else { return state !== other.state }
        return speculation !== others
    }
}
