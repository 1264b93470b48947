import RGEdge
import System
import Text

/// Keeps what encodes texts while requests come: it takes tens of megabytes, and as many milliseconds to load.
final class EncoderKeeper: Sendable {
    /// Seconds without a request after which it goes.
    static let seconds = 60.0

    private let model: Model
    private let busy = Lock()
    private let kept = Guarded<(encoder: Tokenizer.Encoder, age: Stopwatch)?>(nil)

    init(_ model: Model) { self.model = model }

    /// Has `body` encode texts, while nobody else does: each takes memory in proportion to its text. Throws if there is none for the
    /// encoder.
    func encode<Result>(
        _ body: (Tokenizer.Encoder) throws(ModelError) -> Result
    ) throws(ModelError) -> Result {
        let encoder = try encoder()
        return try busy.withLock { () throws(ModelError) in try body(encoder) }
    }

    private func encoder() throws(ModelError) -> Tokenizer.Encoder {
        try kept.withLock { kept throws(ModelError) in
            if kept == nil { kept = (try model.encoder(), Stopwatch()) }
            kept?.age = Stopwatch()
            guard let kept else { return try model.encoder() }
            return kept.encoder
        }
    }

    /// Lets it go if it has not been used for a while.
    func releaseIfIdle() {
        kept.withLock { if let age = $0?.age, age.seconds > Self.seconds { $0 = nil } }
    }
}
