import CRGEdge
import RGEdge
import System
import Text

/// A model as C holds it: a retained reference to this.
final class ModelHandle: Sendable {
    let model: Model
    /// Made for the first text and kept for the next, since C has no way to ask for that: making one takes longer than encoding
    /// most texts. Used under the lock.
    private nonisolated(unsafe) var encoder: Tokenizer.Encoder?
    private let lock = Lock()

    init(_ model: Model) { self.model = model }

    /// The object behind a handle.
    static func of(_ pointer: OpaquePointer?) throws(Failure) -> ModelHandle {
        Unmanaged.fromOpaque(UnsafeRawPointer(try required(pointer, "model"))).takeUnretainedValue()
    }

    /// What encodes texts.
    func keptEncoder() throws(Failure) -> Tokenizer.Encoder {
        try lock.withLock { () throws(Failure) in
            if let encoder { return encoder }
            let encoder = try failures(model.encoder())
            self.encoder = encoder
            return encoder
        }
    }
}
