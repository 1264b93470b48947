import JSON
import RGEdge

/// Answers of `/v1/completions`.
struct CompletionShape: AnswerShape {
    let identity: AnswerIdentity
    let hasLogprobs: Bool, includesUsage: Bool
    /// What the answers repeat before their own text: each prompt's text, or nothing.
    let echoes: [String]
    /// Scalars of each answer so far.
    private var lengths: [Int]

    init(_ identity: AnswerIdentity, hasLogprobs: Bool, includesUsage: Bool, echoes: [String]) {
        self.identity = identity
        self.hasLogprobs = hasLogprobs
        self.includesUsage = includesUsage
        self.echoes = echoes
        lengths = [Int](repeating: 0, count: echoes.count)
    }

    private var header: JSONObject {
        var object = JSONObject()
        object["id"] = .string(identity.id)
        object["object"] = "text_completion"
        object["created"] = .integer(identity.created)
        object["model"] = .string(identity.model.name)
        object["system_fingerprint"] = .string(identity.model.fingerprint)
        return object
    }

    private func part(_ text: String, choice: Int, finish: JSONValue, logprobs: JSONValue = .null) -> [StreamPart] {
        var object = header
        object["choices"] = [
            [
                "text": .string(text), "index": .integer(Int64(choice)), "logprobs": logprobs, "finish_reason": finish,
            ]
        ]
        if includesUsage { object["usage"] = .null }
        return [.json(.object(object))]
    }

    func opening(choice: Int) -> [StreamPart] {
        echoes[choice].isEmpty ? [] : part(echoes[choice], choice: choice, finish: .null)
    }

    mutating func text(_ piece: AnswerPiece, choice: Int) -> [StreamPart] {
        defer { lengths[choice] += piece.text.unicodeScalars.count }
        let logprobs = hasLogprobs ? piece.tokens.completionJSON(identity.model.tokenizer, offset: lengths[choice]) : .null
        return part(piece.text, choice: choice, finish: .null, logprobs: logprobs)
    }

    func call(_ call: ToolCall, choice: Int) -> [StreamPart] { [] }

    func closing(_ answer: WholeAnswer, choice: Int) -> [StreamPart] {
        part("", choice: choice, finish: .string(answer.reason))
    }

    func ending(_ answers: [WholeAnswer], _ totals: Totals) -> [StreamPart] {
        guard includesUsage else { return [.text("[DONE]")] }
        var last = header
        last["choices"] = []
        last["usage"] = totals.usage
        last["timings"] = totals.timings
        return [.json(.object(last)), .text("[DONE]")]
    }

    func whole(_ answers: [WholeAnswer], _ totals: Totals) -> JSONValue {
        var object = header
        object["choices"] = .array(
            answers.enumerated().map { index, answer in
                [
                    "text": .string(echoes[index] + answer.text), "index": .integer(Int64(index)),
                    "logprobs": hasLogprobs ? answer.tokens.completionJSON(identity.model.tokenizer, offset: 0) : .null,
                    "finish_reason": .string(answer.reason),
                ]
            })
        object["usage"] = totals.usage
        object["timings"] = totals.timings
        return .object(object)
    }
}
