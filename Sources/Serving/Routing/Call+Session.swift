import CXXHash
import HTTPServer
import JSON

extension Call {
    /// The hash of all that is asked for.
    var fingerprint: UInt64 {
        let text = Array(request.head.path.utf8) + [0] + request.body
        return text.withUnsafeBytes { XXH3_64bits($0.baseAddress, $0.count) }
    }

    /// True if the client has asked the same before, as OpenAI's clients say.
    var isRetry: Bool { request.head.fields["x-stainless-retry-count"].flatMap { Int($0) } ?? 0 > 0 }

    /// The same with the name of the conversation in its answer, for proxies that send all of it to one server.
    func withSession(_ fields: Fields) throws(APIError) -> Call {
        let given = request.head.fields["X-Session-Id"]
        let named = try Fields.first(given, Fields.first(fields.string("prompt_cache_key"), fields.string("user")))
        let isUsable = named.map { (1...128).contains($0.utf8.count) && $0.utf8.allSatisfy { (0x21...0x7E).contains($0) } } ?? false
        var call = self
        call.head.append("X-Session-Id", isUsable ? named ?? "" : AnswerIdentity.random())
        return call
    }
}
