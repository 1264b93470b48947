import JSON
import RGEdge

/// Answers of `/v1/chat/completions`.
struct ChatShape: AnswerShape {
    let identity: AnswerIdentity
    /// Whether the tokens are wanted, and whether a last chunk with what it has cost is.
    let hasLogprobs: Bool, includesUsage: Bool

    private func chunk(_ choices: JSONValue, usage: JSONValue = .null) -> JSONObject {
        var object = header("chat.completion.chunk")
        object["choices"] = choices
        if includesUsage { object["usage"] = usage }
        return object
    }

    private func header(_ kind: String) -> JSONObject {
        var object = JSONObject()
        object["id"] = .string(identity.id)
        object["object"] = .string(kind)
        object["created"] = .integer(identity.created)
        object["model"] = .string(identity.model.name)
        object["system_fingerprint"] = .string(identity.model.fingerprint)
        return object
    }

    private func part(_ delta: JSONValue, choice: Int, finish: JSONValue = .null, logprobs: JSONValue = .null) -> [StreamPart] {
        let choice: JSONValue = [
            "index": .integer(Int64(choice)), "delta": delta, "logprobs": logprobs, "finish_reason": finish,
        ]
        return [.json(.object(chunk([choice])))]
    }

    func opening(choice: Int) -> [StreamPart] { part(["role": "assistant", "content": "", "refusal": .null], choice: choice) }

    func text(_ piece: AnswerPiece, choice: Int) -> [StreamPart] {
        part(["content": .string(piece.text)], choice: choice, logprobs: logprobs(piece.tokens))
    }

    func call(_ call: ToolCall, choice: Int) -> [StreamPart] {
        var object = Self.object(of: call)
        object["index"] = 0
        return part(["tool_calls": [.object(object)]], choice: choice)
    }

    func closing(_ answer: WholeAnswer, choice: Int) -> [StreamPart] { part([:], choice: choice, finish: .string(answer.reason)) }

    func ending(_ answers: [WholeAnswer], _ totals: Totals) -> [StreamPart] {
        guard includesUsage else { return [.text("[DONE]")] }
        var last = chunk([], usage: totals.usage)
        last["timings"] = totals.timings
        return [.json(.object(last)), .text("[DONE]")]
    }

    func whole(_ answers: [WholeAnswer], _ totals: Totals) -> JSONValue {
        var object = header("chat.completion")
        object["choices"] = .array(
            answers.enumerated().map { index, answer in
                var message = JSONObject()
                message["role"] = "assistant"
                message["content"] = answer.call == nil ? .string(answer.text) : .null
                message["refusal"] = .null
                message["annotations"] = []
                if let call = answer.call { message["tool_calls"] = [.object(Self.object(of: call))] }
                return [
                    "index": .integer(Int64(index)), "message": .object(message), "logprobs": logprobs(answer.tokens),
                    "finish_reason": .string(answer.reason),
                ]
            })
        object["usage"] = totals.usage
        object["timings"] = totals.timings
        return .object(object)
    }

    private func logprobs(_ tokens: [AnswerToken]) -> JSONValue {
        guard hasLogprobs else { return .null }
        return ["content": .array(tokens.map { $0.chatJSON(identity.model.tokenizer) }), "refusal": .null]
    }

    private static func object(of call: ToolCall) -> JSONObject {
        var object = JSONObject()
        object["id"] = .string("call_" + AnswerIdentity.random())
        object["type"] = "function"
        object["function"] = ["name": .string(call.name), "arguments": .string(call.arguments)]
        return object
    }
}

extension WholeAnswer {
    /// OpenAI's word for why it ended.
    var reason: String {
        if call != nil { return "tool_calls" }
        return finish == .length ? "length" : "stop"
    }
}
