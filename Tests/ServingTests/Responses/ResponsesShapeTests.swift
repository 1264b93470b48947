import JSON
import ModelTestSupport
import RGEdge
import Testing

@testable import Serving

@Suite("Answers of /v1/responses")
struct ResponsesShapeTests {
    private let identity: AnswerIdentity
    private let echo: ResponsesEcho

    init() throws {
        let model = try Model(path: try ConvertedModels.pathWithTemplate("tiny-en", .q4))
        identity = AnswerIdentity("resp_", ModelIdentity(name: "m", fingerprint: "rg-1-f", created: 1, tokenizer: model.tokenizer))
        echo = try ResponsesRequest(try Fields(["input": "x"], at: ""), model).echo
    }

    private var shape: ResponsesShape { ResponsesShape(identity, echo: echo, hasLogprobs: false) }
    private let totals = Totals(promptTokens: 9, reusedTokens: 4, generatedTokens: 2)

    /// Names and texts of events; all must be numbered, one after the other.
    private func events(_ parts: [StreamPart]) throws -> [(name: String, value: JSONValue)] {
        try parts.enumerated().map { number, part in
            guard case .event(let name, let value) = part else { throw APIError("no event") }
            #expect(value["type"] == .string(name))
            #expect(value["sequence_number"]?.intValue == number)
            return (name, value)
        }
    }

    @Test("Words come as events in OpenAI's order, and the last has all of them")
    func words() throws {
        var shape = shape
        var parts = shape.opening(choice: 0)
        parts += shape.text(AnswerPiece(text: "Good "), choice: 0)
        parts += shape.text(AnswerPiece(text: "day"), choice: 0)
        let answer = WholeAnswer(text: "Good day")
        parts += shape.closing(answer, choice: 0)
        parts += shape.ending([answer], totals)
        let events = try events(parts)
        #expect(
            events.map(\.name) == [
                "response.created", "response.in_progress", "response.output_item.added", "response.content_part.added",
                "response.output_text.delta", "response.output_text.delta", "response.output_text.done",
                "response.content_part.done", "response.output_item.done", "response.completed",
            ])
        #expect(events[0].value["response"]?["status"] == "in_progress")
        #expect(events[5].value["delta"] == "day")
        #expect(events[6].value["text"] == "Good day")
        let response = events[9].value["response"]
        #expect(response?["status"] == "completed")
        #expect(response?["output"]?.arrayValue == [events[8].value["item"] ?? .null])
        #expect(events[8].value["item"]?["id"] == events[4].value["item_id"])
        #expect(
            response?["usage"] == [
                "input_tokens": 9, "input_tokens_details": ["cached_tokens": 4, "cache_write_tokens": 0], "output_tokens": 2,
                "output_tokens_details": ["reasoning_tokens": 0], "total_tokens": 11,
            ])
    }

    @Test("An answer that was cut says so, and one without words has an empty part")
    func cut() throws {
        var shape = shape
        let answer = WholeAnswer(finish: .length)
        let parts = shape.opening(choice: 0) + shape.closing(answer, choice: 0) + shape.ending([answer], totals)
        let events = try events(parts)
        #expect(events.last?.name == "response.incomplete")
        let response = events.last?.value["response"]
        #expect(response?["incomplete_details"] == ["reason": "max_output_tokens"])
        #expect(response?["status"] == "incomplete")
        #expect(response?["output"]?.arrayValue?.first?["status"] == "incomplete")
        #expect(response?["completed_at"] == .null)
        #expect(events.map(\.name).filter { $0.hasSuffix(".delta") } == [])
    }

    @Test("A call is an item of its own, the same at the end as on the way")
    func call() throws {
        var shape = shape
        let call = ToolCall(name: "f", arguments: #"{"a": 1}"#)
        let answer = WholeAnswer(call: call)
        let parts =
            shape.opening(choice: 0) + shape.call(call, choice: 0) + shape.closing(answer, choice: 0)
            + shape.ending([answer], totals)
        let events = try events(parts)
        #expect(
            events.dropFirst(2).map(\.name) == [
                "response.output_item.added", "response.function_call_arguments.delta", "response.function_call_arguments.done",
                "response.output_item.done", "response.completed",
            ])
        #expect(events[2].value["item"]?["arguments"] == "")
        #expect(events[3].value["delta"] == #"{"a": 1}"#)
        let item = events[6].value["response"]?["output"]?.arrayValue?.first
        #expect(item == events[5].value["item"])
        #expect(item?["type"] == "function_call")
        #expect(item?["name"] == "f")
        #expect(item?["call_id"] == events[2].value["item"]?["call_id"])
    }

    @Test("A failure is an event, after that of the creation")
    func failure() throws {
        var early = shape
        #expect(
            try events(early.failure(.draining)).map(\.name) == ["response.created", "response.in_progress", "response.failed"])
        var late = shape
        let events = try events(late.opening(choice: 0) + late.failure(.draining))
        #expect(events.map(\.name) == ["response.created", "response.in_progress", "response.failed"])
        #expect(events[2].value["response"]?["error"]?["code"] == "server_error")
        #expect(events[2].value["response"]?["status"] == "failed")
        // A member of that name would make OpenAI's clients throw away the event.
        #expect(events[2].value["error"] == nil)
    }
}
