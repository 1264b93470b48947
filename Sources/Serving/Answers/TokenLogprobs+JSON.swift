import JSON
import RGEdge
import Text

extension AnswerToken {
    /// OpenAI's member of `logprobs.content`.
    func chatJSON(_ tokenizer: Tokenizer) -> JSONValue {
        var object = Self.object(token, logprob, tokenizer)
        object["top_logprobs"] = .array(top.map { .object(Self.object($0.token, $0.logprob, tokenizer)) })
        return .object(object)
    }

    private static func object(_ token: UInt32, _ logprob: Float, _ tokenizer: Tokenizer) -> JSONObject {
        let bytes = tokenizer.decode(CollectionOfOne(token))
        var object = JSONObject()
        object["token"] = .string(tokenizer.shown(token))
        object["logprob"] = .logprob(logprob)
        object["bytes"] = .array(bytes.map { .integer(Int64($0)) })
        return object
    }
}

extension [AnswerToken] {
    /// The `logprobs` of `/v1/completions`, for tokens whose text begins so many characters into the answer.
    func completionJSON(_ tokenizer: Tokenizer, offset: Int) -> JSONValue {
        var offsets: [JSONValue] = [], place = offset
        for token in self {
            offsets.append(.integer(Int64(place)))
            // Bytes of a character count with its first one.
            place += tokenizer.decode(CollectionOfOne(token.token)).count { $0 & 0xC0 != 0x80 }
        }
        return [
            "tokens": .array(map { .string(tokenizer.shown($0.token)) }),
            "token_logprobs": .array(map { .logprob($0.logprob) }),
            "top_logprobs": .array(
                map { token in
                    var object = JSONObject()
                    for other in token.top { object[tokenizer.shown(other.token)] = .logprob(other.logprob) }
                    return .object(object)
                }),
            "text_offset": .array(offsets),
        ]
    }
}

extension Tokenizer {
    /// A token's text, or its name where it has none that is UTF-8.
    fileprivate func shown(_ token: UInt32) -> String {
        let bytes = decode(CollectionOfOne(token))
        let text = String(decoding: bytes, as: UTF8.self)
        return bytes.isEmpty || !text.utf8.elementsEqual(bytes) ? piece(of: token) : text
    }
}

extension JSONValue {
    /// JSON has no infinity, for which OpenAI writes -9999.
    static func logprob(_ value: Float) -> JSONValue { value.isFinite ? .shortest(value) : .real(-9999) }

    /// A number in as few digits as tell it from others of its kind.
    static func shortest(_ value: Float) -> JSONValue { .real(Double(value.description) ?? Double(value)) }
}
