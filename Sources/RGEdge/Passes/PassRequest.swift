import Glibc
import Griffin

/// What a session wants of the next pass: that tokens are fed to it. Each session has one, used again and again.
///
/// Its fields are set by the session's thread before it is handed to a ``PassQueue``, and by the thread that computes afterwards;
/// the queue's lock is between them.
final class PassRequest: @unchecked Sendable {
    /// Where logits go.
    enum Logits {
        case none
        /// Those after the last token go to the memory's next logits, if the pass takes all tokens.
        case last
        /// Those after every token. [tokens × vocabulary]
        case all(UnsafeMutablePointer<Float>)
        /// Those after the tokens from a number on. [tokens × vocabulary]
        case from(Int, UnsafeMutablePointer<Float>)
    }

    let memory: SessionMemory

    /// At least one. They stay where they are until the request has been served.
    private(set) var tokens = UnsafeBufferPointer<UInt32>(start: nil, count: 0)
    private(set) var logits = Logits.none
    private(set) var speculation: Speculation?
    /// The tokens whose logits are wanted; nil for all. (`Run.rows`)
    private(set) var rows: UnsafeBufferPointer<UInt64>?
    /// Where what comes out of the layers goes; nil if nobody wants that. (`Run.streams`)
    private(set) var streams: UnsafeMutablePointer<Float>?
    /// True if a pass has to take all tokens or none.
    private(set) var isWhole = true
    /// Who waits for it.
    private(set) var thread = pthread_self()

    /// False while it waits.
    var isServed = true
    /// Tokens that the pass took, from the first on; 0 if it failed.
    var count = 0
    /// Why the pass failed.
    var error: ForwardPassError?

    init(_ memory: SessionMemory) { self.memory = memory }

    /// Whether all logits of a token are wanted.
    var wantsWholeHead: Bool {
        if case .none = logits { return false }
        return rows == nil
    }

    /// Asks for tokens to be fed, by the calling thread.
    func prepare(
        _ tokens: UnsafeBufferPointer<UInt32>, logits: Logits, isWhole: Bool, speculation: Speculation? = nil,
        rows: UnsafeBufferPointer<UInt64>? = nil, streams: UnsafeMutablePointer<Float>? = nil
    ) {
        self.tokens = tokens
        self.logits = logits
        self.isWhole = isWhole
        self.speculation = speculation
        self.rows = rows
        self.streams = streams
        thread = pthread_self()
        isServed = false
        count = 0
        error = nil
    }

    /// Why no pass can take the tokens, whatever the weights.
    var problem: ModelError? {
        let position = memory.state.position
        guard position > Session.positionLimit - Int64(tokens.count) else { return nil }
        return ModelError(
            .argument,
            "the session is at position \(position), and can consume \(Session.positionLimit) tokens; begin a new conversation")
    }

    /// The first `count` of the tokens, as a pass takes them.
    func run(_ count: Int) -> Run {
        let output: ForwardPass.Output
        switch logits {
        case .none: output = .none
        case .last: output = count == tokens.count ? memory.nextLogits.baseAddress.map { .last($0) } ?? .none : .none
        case .all(let logits): output = .all(logits)
        case .from(let first, let logits): output = .from(first, logits)
        }
        return Run(
            UnsafeBufferPointer(rebasing: tokens[..<count]), to: memory.state, output: output, speculation: speculation, rows: rows,
            streams: streams)
    }

    /// Takes note that a pass took the first `count` tokens.
    func serve(_ count: Int) {
        self.count = count
        if case .last = logits, count == tokens.count { memory.useNextLogits(rows == nil ? .all : .few) }
        isServed = true
    }

    /// Takes note that they can't be computed.
    func fail(_ error: ForwardPassError) {
        self.error = error
        isServed = true
    }
}
