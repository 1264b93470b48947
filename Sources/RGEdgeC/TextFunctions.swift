import CRGEdge
import RGEdge
import Text

// Text to tokens and back, as in `rg_edge.h`. The functions' documentation is there.

/// What SentencePiece takes for a byte of the text that it is given at once, and how much of a text that is at most (`TextPieces`).
private let bytesPerEncodedByte = 160, encodedAtOnce = 1 << 20
/// What growing arrays take for each byte of a text: of the text itself, or of a token a byte.
private let bytesPerTextByte = 24

@c @implementation
public func rg_tokenize(
    _ model: OpaquePointer!, _ text: UnsafePointer<CChar>!, _ length: Int, _ add_bos: Bool, _ parse_special: Bool,
    _ tokens: UnsafeMutablePointer<UInt32>!, _ capacity: Int, _ count: UnsafeMutablePointer<Int>!
) -> rg_status {
    status { () throws(Failure) in
        let handle = try ModelHandle.of(model)
        let text = try buffer(text, length, "text")
        let result = try ResultBuffer(tokens, capacity: capacity, size: count, "tokens", sizeName: "count")
        try requireHeadroom(forText: text.count)
        let start = add_bos ? [handle.model.configuration.bos] : []
        let encoder = try handle.keptEncoder()
        let encoded: [UInt32]
        do throws(TokenizerError) {
            encoded = try encoder.encode(utf8: UnsafeRawBufferPointer(text), controls: parse_special ? .parsed : .asText)
        } catch {
            throw Failure(RG_ERROR_MEMORY, error.description)
        }
        try result.fill(with: start + encoded)
    }
}

@c @implementation
public func rg_detokenize(
    _ model: OpaquePointer!, _ tokens: UnsafePointer<UInt32>!, _ count: Int, _ text: UnsafeMutablePointer<CChar>!, _ capacity: Int,
    _ length: UnsafeMutablePointer<Int>!
) -> rg_status {
    status { () throws(Failure) in
        let model = try ModelHandle.of(model).model
        let tokens = try buffer(tokens, count, "tokens")
        let result = try ResultBuffer(text, capacity: capacity, size: length, "text", sizeName: "length")
        let vocabulary = model.configuration.vocabularySize
        if let index = tokens.firstIndex(where: { $0 >= vocabulary }) {
            throw .argument("token \(tokens[index]) (number \(index + 1)) is outside the vocabulary of \(vocabulary)")
        }
        try requireHeadroom(bytesPerTextByte, times: model.tokenizer.largestByteCount(of: tokens), for: "the text of \(tokens.count) tokens")
        // Repaired, since tokens may begin or end in the middle of a character.
        let repaired = String(decoding: model.tokenizer.decode(tokens), as: UTF8.self)
        try result.fill(with: repaired.utf8.map { CChar(bitPattern: $0) })
    }
}

/// Throws unless there is memory to work on a text of `count` bytes.
func requireHeadroom(forText count: Int) throws(Failure) {
    try requireHeadroom(
        bytesPerTextByte, times: count, and: bytesPerEncodedByte * min(count, encodedAtOnce), for: "to work on a text of \(count) bytes")
}

private func requireHeadroom(_ bytes: Int, times count: Int, and more: Int = 0, for purpose: String) throws(Failure) {
    let (product, overflow) = count.multipliedReportingOverflow(by: bytes)
    let (total, overflow2) = product.addingReportingOverflow(more)
    try Headroom.require(overflow || overflow2 ? .max : total, for: purpose)
}
