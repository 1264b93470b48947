// swift-format-ignore-file: AlwaysUseLowerCamelCase
import CRGEdge
import RGEdge
import Text

// Text to tokens and back, as in `rg_edge.h`. The functions' documentation is there.

/// Bytes that growing arrays take per byte of a text, including copies of it, if the byte becomes three tokens, as one that is not
/// UTF-8 does.
let bytesPerTextByte = 80
/// The same for tokens that become text.
private let bytesPerDecodedByte = 24

@c @implementation
public func rg_tokenize(
    _ model: OpaquePointer!, _ text: UnsafePointer<CChar>!, _ length: Int, _ add_bos: Bool, _ parse_special: Bool,
    _ tokens: UnsafeMutablePointer<UInt32>!, _ capacity: Int, _ count: UnsafeMutablePointer<Int>!
) -> rg_status {
    status { () throws(Failure) in
        let handle = try ModelHandle.of(model)
        let text = try buffer(text, length, "text")
        let result = try ResultBuffer(tokens, capacity: capacity, size: count, "tokens", sizeName: "count")
        try withHeadroom(forText: text.count, of: handle.model) { () throws(Failure) in
            let encoder = try handle.keptEncoder()
            let encoded = try failures(
                handle.model.encode(UnsafeRawBufferPointer(text), controls: parse_special ? .parsed : .asText, with: encoder))
            try result.fill(with: encoded, after: add_bos ? handle.model.configuration.bos : nil)
        }
    }
}

@c @implementation
public func rg_tokenize_messages(
    _ model: OpaquePointer!, _ messages: UnsafePointer<rg_message>!, _ message_count: Int,
    _ tokens: UnsafeMutablePointer<UInt32>!, _ capacity: Int, _ count: UnsafeMutablePointer<Int>!
) -> rg_status {
    status { () throws(Failure) in
        let handle = try ModelHandle.of(model)
        let messages = try CallerMessages(messages, message_count, of: handle.model)
        let result = try ResultBuffer(tokens, capacity: capacity, size: count, "tokens", sizeName: "count")
        try withHeadroom(forText: messages.textBytes, and: messages.overhead, of: handle.model) { () throws(Failure) in
            let encoder = try handle.keptEncoder()
            try result.fill(with: try failures(handle.model.encode(messages.copies, with: encoder)))
        }
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
        let bytes = model.tokenizer.largestByteCount(of: tokens)
        try Headroom.with(bytesPerDecodedByte, times: bytes, for: "for the text of \(tokens.count) tokens") { () throws(Failure) in
            // Repaired, since tokens may begin or end in the middle of a character.
            let repaired = String(decoding: model.tokenizer.decode(tokens), as: UTF8.self)
            try result.fill(with: repaired.utf8.map { CChar(bitPattern: $0) })
        }
    }
}

/// Runs `body` with memory for work on a text of `count` bytes: for the text, its tokens, `more` bytes of texts besides, the copies of
/// the tokenizer's model that SentencePiece is loaded from, and `others` bytes. The system may refuse what SentencePiece itself
/// allocates.
func withHeadroom(
    forText count: Int, and more: Int = 0, others: Int = 0, of model: Model, _ body: () throws(Failure) -> Void
) throws(Failure) {
    let (bytes, overflow) = count.addingReportingOverflow(more)
    try Headroom.with(
        bytesPerTextByte, times: overflow ? .max : bytes, and: 3 * model.tokenizer.byteCount + others,
        for: "to work on a text of \(count) bytes", body)
}
