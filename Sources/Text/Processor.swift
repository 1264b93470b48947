import CSentencePiece

/// SentencePiece with a model loaded.
///
/// Sendable, since after loading only const functions of the library are called, which share nothing that changes.
final class Processor: @unchecked Sendable {
    private let handle: OpaquePointer

    /// Loads a serialized `ModelProto`, which ``TokenizerModel`` has checked.
    init(_ model: [UInt8]) throws(TokenizerError) {
        let capacity = 256
        var reason: String?
        let loaded = model.withUnsafeBytes { bytes in
            withUnsafeTemporaryAllocation(of: CChar.self, capacity: capacity) { message in
                let loaded = csp_load(bytes.baseAddress, bytes.count, message.baseAddress, capacity)
                if loaded == nil { reason = message.baseAddress.map { String(cString: $0) } }
                return loaded
            }
        }
        guard let loaded else { throw TokenizerError("is refused by SentencePiece: \(printable(reason ?? ""))") }
        handle = loaded
    }

    deinit { csp_destroy(handle) }

    /// Bytes that it holds in memory.
    var byteCount: Int { csp_byte_count(handle) }
    var pieceCount: Int { Int(csp_piece_count(handle)) }
    var unknown: UInt32? { UInt32(exactly: csp_unknown(handle)) }
    var bos: UInt32? { UInt32(exactly: csp_bos(handle)) }
    var eos: UInt32? { UInt32(exactly: csp_eos(handle)) }
    var pad: UInt32? { UInt32(exactly: csp_pad(handle)) }

    /// Appends the ids of a text. False, and nothing is appended, if the library has none for it. Throws if memory runs out.
    func encode(_ text: UnsafeRawBufferPointer, into tokens: inout [UInt32]) throws(TokenizerError) -> Bool {
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
        guard ending != CSP_NO_MEMORY else {
            throw TokenizerError(
                "needs more memory for a text of \(text.count) bytes", advice: "close other programs, or give a shorter text")
        }
        return ending == CSP_ENCODED
    }
}

/// A text from a file as it may be shown on a terminal: without control characters.
private func printable(_ text: String) -> String {
    String(String.UnicodeScalarView(text.unicodeScalars.filter { $0.properties.generalCategory != .control }))
}
