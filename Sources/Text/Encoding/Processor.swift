import CSentencePiece
import System

/// SentencePiece with a model loaded.
///
/// Its protobuf messages destroy what they had no memory to make, which ends the process; so before each call the system is asked
/// for what it will need.
///
/// Sendable, since after loading only const functions of the library are called, which share nothing that changes.
final class Processor: @unchecked Sendable {
    /// Bytes of memory that it takes per piece of the vocabulary, per byte of the pieces that are looked for in a text before it is
    /// cut, and per byte of a text that it is given at once; all rounded up.
    private static let bytesPerPiece = 256, bytesPerTrieByte = 16
    static let bytesPerByte = 280

    private let handle: OpaquePointer

    /// Bytes that it takes for a serialized model of `model` bytes, without user-defined pieces; rounded up.
    static func byteCount(pieces: Int, model: Int) -> Int { bytesPerPiece * pieces + 2 * model }

    /// Loads a serialized `ModelProto` of `pieceCount` pieces, which ``TokenizerModel`` has checked. `trieBytes` are those of the
    /// user-defined pieces.
    init(_ model: [UInt8], pieceCount: Int, trieBytes: Int = 0) throws(FileProblem) {
        guard SystemMemory.has(Self.byteCount(pieces: pieceCount, model: model.count) + Self.bytesPerTrieByte * trieBytes) else {
            throw .noMemory(.loading)
        }
        let capacity = 256
        var handle: OpaquePointer?
        var reason: String?
        let ending = model.withUnsafeBytes { bytes in
            withUnsafeTemporaryAllocation(of: CChar.self, capacity: capacity) { message in
                let ending = csp_load(bytes.baseAddress, bytes.count, &handle, message.baseAddress, capacity)
                if ending == CSP_REFUSED { reason = message.baseAddress.map { String(cString: $0) } }
                return ending
            }
        }
        guard ending != CSP_NO_MEMORY else { throw .noMemory(.loading) }
        guard let handle else { throw FileProblem.tokenizer("is refused by SentencePiece: \((reason ?? "").onOneLine)") }
        self.handle = handle
    }

    deinit { csp_destroy(handle) }

    var pieceCount: Int { Int(csp_piece_count(handle)) }
    var unknown: UInt32? { UInt32(exactly: csp_unknown(handle)) }
    var bos: UInt32? { UInt32(exactly: csp_bos(handle)) }
    var eos: UInt32? { UInt32(exactly: csp_eos(handle)) }
    var pad: UInt32? { UInt32(exactly: csp_pad(handle)) }

    /// Appends the ids of a text. False, and nothing is appended, if the library has none for it. Throws if memory runs out.
    func encode(_ text: UnsafeRawBufferPointer, into tokens: inout [UInt32]) throws(FileProblem) -> Bool {
        guard SystemMemory.has(Self.bytesPerByte * Self.repairedCount(text)) else { throw .noMemory(.encoding(text.count)) }
        let ending = text.withMemoryRebound(to: CChar.self) { text in
            withUnsafeMutablePointer(to: &tokens) { tokens in
                csp_encode(
                    handle, text.baseAddress, text.count,
                    { context, ids, count in
                        let ids = UnsafeBufferPointer(start: ids, count: count)
                        context?.assumingMemoryBound(to: [UInt32].self).pointee += ids.lazy.map(UInt32.init(bitPattern:))
                    }, tokens)
            }
        }
        guard ending != CSP_NO_MEMORY else { throw .noMemory(.encoding(text.count)) }
        return ending == CSP_OK
    }

    /// Bytes of a text once each byte that is not UTF-8 is U+FFFD, which has three.
    private static func repairedCount(_ text: UnsafeRawBufferPointer) -> Int {
        var parser = Unicode.UTF8.ForwardParser(), bytes = text.makeIterator(), count = 0
        while true {
            switch parser.parseScalar(from: &bytes) {
            case .valid(let scalar): count += scalar.count
            case .error(let length): count += 3 * length
            case .emptyInput: return count
            }
        }
    }
}
