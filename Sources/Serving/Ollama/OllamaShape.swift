import JSON
import RGEdge
import System

/// Answers of Ollama's `/api/chat` and `/api/generate`: an object, or one a line, of which the last says what it has cost.
struct OllamaShape: AnswerShape {
    /// Where the words are: in a `message`, or in `response`.
    enum Kind { case chat, generate }

    let kind: Kind
    let model: ModelIdentity
    let hasLogprobs: Bool
    private let age = Stopwatch()

    init(_ kind: Kind, _ model: ModelIdentity, hasLogprobs: Bool) {
        self.kind = kind
        self.model = model
        self.hasLogprobs = hasLogprobs
    }

    var isEventStream: Bool { false }

    private func object(_ text: String, call: ToolCall? = nil, tokens: [AnswerToken] = [], isDone: Bool) -> JSONObject {
        var object = JSONObject()
        object["model"] = .string(model.ollamaName)
        object["created_at"] = .string(Timestamp.now)
        switch kind {
        case .generate: object["response"] = .string(text)
        case .chat:
            var message = JSONObject()
            message["role"] = "assistant"
            message["content"] = .string(text)
            if let call { message["tool_calls"] = [Self.json(of: call)] }
            object["message"] = .object(message)
        }
        object["done"] = .bool(isDone)
        if hasLogprobs, !tokens.isEmpty { object["logprobs"] = .array(tokens.map { $0.chatJSON(model.tokenizer) }) }
        return object
    }

    func opening(choice: Int) -> [StreamPart] { [] }

    func text(_ piece: AnswerPiece, choice: Int) -> [StreamPart] {
        guard !piece.text.isEmpty || !piece.tokens.isEmpty else { return [] }
        return [.json(.object(object(piece.text, tokens: piece.tokens, isDone: false)))]
    }

    func call(_ call: ToolCall, choice: Int) -> [StreamPart] { [.json(.object(object("", call: call, isDone: false)))] }

    func closing(_ answer: WholeAnswer, choice: Int) -> [StreamPart] { [] }

    func ending(_ answers: [WholeAnswer], _ totals: Totals) -> [StreamPart] {
        [.json(.object(finished(object("", isDone: true), answers[0], totals)))]
    }

    func whole(_ answers: [WholeAnswer], _ totals: Totals) -> JSONValue {
        let answer = answers[0], text = answer.call == nil ? answer.text : ""
        return .object(finished(object(text, call: answer.call, tokens: answer.tokens, isDone: true), answer, totals))
    }

    /// With why it ended, and what it took: nanoseconds. What isn't the model's time is that in the queue.
    private func finished(_ object: JSONObject, _ answer: WholeAnswer, _ totals: Totals) -> JSONObject {
        func nanoseconds(_ seconds: Double) -> Int { Int(seconds * 1e9) }
        let whole = age.nanoseconds
        let prompt = nanoseconds(totals.promptSeconds), words = nanoseconds(totals.answerSeconds)
        var object = object
        object["done_reason"] = answer.finish == .length ? "length" : "stop"
        object["total_duration"] = .integer(Int64(whole))
        object["load_duration"] = .integer(Int64(max(0, whole - prompt - words)))
        object["prompt_eval_count"] = .integer(Int64(totals.promptTokens))
        object["prompt_eval_duration"] = .integer(Int64(prompt))
        object["eval_count"] = .integer(Int64(totals.generatedTokens))
        object["eval_duration"] = .integer(Int64(words))
        return object
    }

    func failure(_ error: APIError) -> [StreamPart] { [.json(error.ollamaJSON)] }
    func body(of error: APIError) -> JSONValue { error.ollamaJSON }

    /// The answer to a request without words, which asks for the model to be loaded, or not to stay.
    func empty(unloads: Bool) -> JSONValue {
        var object = object("", isDone: true)
        object["done_reason"] = unloads ? "unload" : "load"
        return .object(object)
    }

    /// A call, with its arguments as an object.
    private static func json(of call: ToolCall) -> JSONValue {
        let arguments = (try? JSONValue(parsing: Array(call.arguments.utf8))) ?? [:]
        return [
            "id": .string("call_" + AnswerIdentity.random()),
            "function": ["index": 0, "name": .string(call.name), "arguments": arguments],
        ]
    }
}
