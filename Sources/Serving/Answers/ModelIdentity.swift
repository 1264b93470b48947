import Glibc
import JSON
import RGEdge
import Text

/// What answers say of where they come from.
struct ModelIdentity: Sendable {
    /// The model's name for clients.
    let name: String
    /// Which weights and which arithmetic: the same request with the same seed has the same answer where this is the same.
    let fingerprint: String
    /// When the server started: seconds since 1970.
    let created: Int64
    let tokenizer: Tokenizer
}

/// What an answer is called, and when it was made.
struct AnswerIdentity {
    let id: String
    let created: Int64
    let model: ModelIdentity

    /// A new name with a prefix.
    init(_ prefix: String, _ model: ModelIdentity) {
        id = prefix + Self.random()
        created = Int64(time(nil))
        self.model = model
    }

    /// 24 digits that nobody else has.
    static func random() -> String {
        let bits = (0..<3).map { _ in
            let digits = String(UInt32.random(in: 0...UInt32.max), radix: 16)
            return String(repeating: "0", count: 8 - digits.utf8.count) + digits
        }
        return bits.joined()
    }
}

extension Totals {
    /// OpenAI's `usage`.
    var usage: JSONValue {
        [
            "prompt_tokens": .integer(Int64(promptTokens)), "completion_tokens": .integer(Int64(generatedTokens)),
            "total_tokens": .integer(Int64(promptTokens + generatedTokens)),
            "prompt_tokens_details": ["cached_tokens": .integer(Int64(reusedTokens)), "audio_tokens": 0],
            "completion_tokens_details": [
                "reasoning_tokens": 0, "audio_tokens": 0, "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0,
            ],
        ]
    }

    /// What it took, as llama.cpp's server says it.
    var timings: JSONValue {
        func perSecond(_ count: Int, _ seconds: Double) -> JSONValue { seconds > 0 ? .real(Double(count) / seconds) : .null }
        return [
            "cache_n": .integer(Int64(reusedTokens)), "prompt_n": .integer(Int64(computedTokens)),
            "prompt_ms": .real(promptSeconds * 1000), "prompt_per_second": perSecond(computedTokens, promptSeconds),
            "predicted_n": .integer(Int64(generatedTokens)), "predicted_ms": .real(answerSeconds * 1000),
            "predicted_per_second": perSecond(generatedTokens, answerSeconds),
        ]
    }
}
