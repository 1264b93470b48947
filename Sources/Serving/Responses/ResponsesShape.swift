import Glibc
import JSON
import RGEdge

/// Answers of `/v1/responses`: a Response object, or the events that tell how it comes to be.
struct ResponsesShape: AnswerShape {
    let identity: AnswerIdentity
    let echo: ResponsesEcho
    let hasLogprobs: Bool
    /// What the one item of the output is called, and a call.
    private let itemID = AnswerIdentity.random(), callID = "call_" + AnswerIdentity.random()

    /// Events so far.
    private var count = 0
    private var isOpen = false, hasMessage = false
    private var tokens: [AnswerToken] = []

    init(_ identity: AnswerIdentity, echo: ResponsesEcho, hasLogprobs: Bool) {
        self.identity = identity
        self.echo = echo
        self.hasLogprobs = hasLogprobs
    }

    // MARK: - Events

    private mutating func event(_ type: String, _ members: KeyValuePairs<String, JSONValue>) -> StreamPart {
        var object = JSONObject([
            .init(key: "type", value: .string(type)), .init(key: "sequence_number", value: .integer(Int64(count))),
        ])
        for (key, value) in members { object[key] = value }
        count += 1
        return .event(type, .object(object))
    }

    /// An event of the message.
    private mutating func messageEvent(_ type: String, _ name: String, _ value: JSONValue) -> StreamPart {
        event(type, ["item_id": .string(messageID), "output_index": 0, "content_index": 0, name: value])
    }

    /// An event of the call.
    private mutating func callEvent(_ type: String, _ name: String, _ value: JSONValue) -> StreamPart {
        event(type, ["item_id": .string(callItemID), "output_index": 0, name: value])
    }

    mutating func opening(choice: Int) -> [StreamPart] {
        isOpen = true
        let response = response("in_progress", output: [])
        return [event("response.created", ["response": response]), event("response.in_progress", ["response": response])]
    }

    mutating func text(_ piece: AnswerPiece, choice: Int) -> [StreamPart] {
        guard !piece.text.isEmpty || !piece.tokens.isEmpty else { return [] }
        var parts = messageBeginning()
        if hasLogprobs { tokens += piece.tokens }
        let members: KeyValuePairs<String, JSONValue> = [
            "item_id": .string(messageID), "output_index": 0, "content_index": 0, "delta": .string(piece.text),
            "logprobs": logprobs(piece.tokens),
        ]
        parts.append(event("response.output_text.delta", members))
        return parts
    }

    /// What comes before the first words.
    private mutating func messageBeginning() -> [StreamPart] {
        guard !hasMessage else { return [] }
        hasMessage = true
        return [
            event("response.output_item.added", ["output_index": 0, "item": message([], status: "in_progress")]),
            messageEvent("response.content_part.added", "part", part("", [])),
        ]
    }

    mutating func call(_ call: ToolCall, choice: Int) -> [StreamPart] {
        let begun = item(of: ToolCall(name: call.name, arguments: ""), status: "in_progress")
        return [
            event("response.output_item.added", ["output_index": 0, "item": begun]),
            callEvent("response.function_call_arguments.delta", "delta", .string(call.arguments)),
            event(
                "response.function_call_arguments.done",
                [
                    "item_id": .string(callItemID), "output_index": 0, "name": .string(call.name),
                    "arguments": .string(call.arguments),
                ]),
            event("response.output_item.done", ["output_index": 0, "item": item(of: call, status: "completed")]),
        ]
    }

    mutating func closing(_ answer: WholeAnswer, choice: Int) -> [StreamPart] {
        guard answer.call == nil else { return [] }
        let whole = part(answer.text, tokens)
        return messageBeginning() + [
            event(
                "response.output_text.done",
                [
                    "item_id": .string(messageID), "output_index": 0, "content_index": 0, "text": .string(answer.text),
                    "logprobs": logprobs(tokens),
                ]),
            messageEvent("response.content_part.done", "part", whole),
            event("response.output_item.done", ["output_index": 0, "item": message([whole], status: answer.status)]),
        ]
    }

    mutating func ending(_ answers: [WholeAnswer], _ totals: Totals) -> [StreamPart] {
        let status = answers[0].status
        var answer = answers[0]
        answer.tokens = tokens
        return [event("response." + status, ["response": whole([answer], totals)])]
    }

    mutating func failure(_ error: APIError) -> [StreamPart] {
        let code = error.status == 429 ? "rate_limit_exceeded" : "server_error"
        var failed = JSONObject()
        if case .object(let object) = response("failed", output: []) { failed = object }
        failed["error"] = ["code": .string(code), "message": .string(error.message)]
        // Clients take no event before that of the creation.
        return (isOpen ? [] : opening(choice: 0)) + [event("response.failed", ["response": .object(failed)])]
    }

    // MARK: - The object

    func whole(_ answers: [WholeAnswer], _ totals: Totals) -> JSONValue {
        let answer = answers[0]
        let item =
            answer.call.map { self.item(of: $0, status: "completed") }
            ?? message([part(answer.text, answer.tokens)], status: answer.status)
        var object = JSONObject()
        if case .object(let response) = response(answer.status, output: [item]) { object = response }
        if answer.status == "completed" {
            object["completed_at"] = .integer(Int64(time(nil)))
        } else {
            object["incomplete_details"] = ["reason": "max_output_tokens"]
        }
        object["usage"] = totals.responsesUsage
        object["timings"] = totals.timings
        return .object(object)
    }

    private func response(_ status: String, output: [JSONValue]) -> JSONValue {
        var object = JSONObject()
        object["id"] = .string(identity.id)
        object["object"] = "response"
        object["created_at"] = .integer(identity.created)
        object["status"] = .string(status)
        object["completed_at"] = .null
        object["error"] = .null
        object["incomplete_details"] = .null
        object["model"] = .string(identity.model.name)
        object["output"] = .array(output)
        for member in echo.members.members { object[member.key] = member.value }
        object["usage"] = .null
        return .object(object)
    }

    private var messageID: String { "msg_" + itemID }
    private var callItemID: String { "fc_" + itemID }

    private func message(_ content: [JSONValue], status: String) -> JSONValue {
        [
            "id": .string(messageID), "type": "message", "status": .string(status), "role": "assistant", "content": .array(content),
        ]
    }

    private func part(_ text: String, _ tokens: [AnswerToken]) -> JSONValue {
        ["type": "output_text", "text": .string(text), "annotations": [], "logprobs": logprobs(tokens)]
    }

    private func item(of call: ToolCall, status: String) -> JSONValue {
        [
            "id": .string(callItemID), "type": "function_call", "status": .string(status), "call_id": .string(callID),
            "name": .string(call.name), "arguments": .string(call.arguments),
        ]
    }

    private func logprobs(_ tokens: [AnswerToken]) -> JSONValue {
        hasLogprobs ? .array(tokens.map { $0.chatJSON(identity.model.tokenizer) }) : []
    }
}

extension WholeAnswer {
    /// What `/v1/responses` calls its state.
    fileprivate var status: String { call == nil && finish == .length ? "incomplete" : "completed" }
}

extension Totals {
    /// What `/v1/responses` says of its cost.
    fileprivate var responsesUsage: JSONValue {
        [
            "input_tokens": .integer(Int64(promptTokens)),
            "input_tokens_details": ["cached_tokens": .integer(Int64(reusedTokens)), "cache_write_tokens": 0],
            "output_tokens": .integer(Int64(generatedTokens)), "output_tokens_details": ["reasoning_tokens": 0],
            "total_tokens": .integer(Int64(promptTokens + generatedTokens)),
        ]
    }
}
