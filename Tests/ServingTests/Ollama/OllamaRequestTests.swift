import JSON
import ModelTestSupport
import RGEdge
import Testing
import Text

@testable import Serving

@Suite("Requests to Ollama's endpoints")
struct OllamaRequestTests {
    private let model: Model

    init() throws { model = try Model(path: try ConvertedModels.pathWithTemplate("tiny-en", .q4)) }

    /// The members, and the model's name before them.
    private func fields(_ members: JSONValue) throws -> Fields {
        var object = JSONObject([.init(key: "model", value: "m")])
        for member in members.objectValue?.members ?? [] { object[member.key] = member.value }
        return Fields(object)
    }

    private func chat(_ members: JSONValue) throws -> OllamaChatRequest { try OllamaChatRequest(try fields(members), model) }

    private func generate(_ members: JSONValue) throws -> OllamaGenerateRequest {
        try OllamaGenerateRequest(try fields(members), model)
    }

    private func refusal<Request>(_ body: () throws -> Request) -> APIError? {
        do {
            _ = try body()
            return nil
        } catch { return error as? APIError }
    }

    @Test("Answers are streamed unless that is denied, and have no limit of their own")
    func usual() throws {
        let request = try chat(["messages": [["role": "user", "content": "x"]]])
        #expect(request.settings.isStreamed)
        #expect(request.settings.answer.maxTokens == nil)
        #expect(request.settings.answer.sampling.temperature == 0.8)
        #expect(request.conversation == [.user("x")])
        #expect(try !chat(["stream": false]).settings.isStreamed)
    }

    @Test("Options choose the sampling; those of memory are passed over")
    func options() throws {
        let answer = try chat([
            "options": [
                "temperature": 0.5, "top_k": 3, "top_p": 0.5, "min_p": 0, "seed": 9, "num_predict": 5, "stop": ["a", "b"],
                "repeat_penalty": 1.5, "repeat_last_n": -1, "presence_penalty": 1, "frequency_penalty": 2, "num_ctx": 4096,
                "num_gpu": 99, "mirostat": 0, "typical_p": 1,
            ]
        ]).settings.answer
        #expect(answer.sampling.topK == 3)
        #expect(answer.sampling.seed == 9)
        #expect(answer.hasSeed)
        #expect(answer.maxTokens == 5)
        #expect(answer.stop == ["a", "b"])
        #expect(answer.sampling.repetitionPenalty == 1.5)
        #expect(answer.sampling.repetitionWindow == Sampling.repetitionWindowLimit)
        for limit in [-1, -2, 0] {
            #expect(try chat(["options": ["num_predict": .integer(Int64(limit))]]).settings.answer.maxTokens == nil)
        }
        #expect(refusal { try chat(["options": ["temperature": -1]]) }?.param == "options.temperature")
        #expect(refusal { try chat(["options": ["mirostat": 2]]) }?.param == "options.mirostat")
    }

    @Test("A format is any JSON, or a schema")
    func format() throws {
        #expect(try chat(["format": "json"]).settings.answer.format == Fields.anyObject)
        #expect(try chat(["format": ""]).settings.answer.format == .text)
        #expect(
            try chat(["format": ["type": "integer"]]).settings.answer.format == .constrained(.jsonSchema(#"{"type":"integer"}"#)))
        #expect(refusal { try chat(["format": "xml"]) }?.param == "format")
    }

    @Test("Thinking is refused, and not thinking isn't")
    func think() throws {
        _ = try chat(["think": false])
        #expect(refusal { try chat(["think": true]) }?.message == "\"m\" does not support thinking")
        #expect(refusal { try chat(["think": "high"]) }?.status == 400)
    }

    @Test("Without words, the model is to be loaded, or not to stay")
    func load() throws {
        #expect(try chat(["messages": []]).conversation == nil)
        #expect(try generate([:]).prompt == .none)
        #expect(try !generate(["prompt": "", "keep_alive": "5m"]).settings.unloads)
        for time in [0, "0", "0s", "0m0s"] as [JSONValue] { #expect(try generate(["keep_alive": time]).settings.unloads) }
        for time in [-1, "-1", "10m", "1s", .null] as [JSONValue] { #expect(try !generate(["keep_alive": time]).settings.unloads) }
    }

    @Test("A prompt is the user's, or with raw all of the text")
    func prompts() throws {
        #expect(try generate(["prompt": "x", "system": "s"]).prompt == .conversation([.user("s\n\nx")], beginning: "s"))
        #expect(try generate(["prompt": "x", "raw": true, "template": "", "context": [], "images": []]).prompt == .text("x"))
        for name in ["system", "template"] {
            #expect(
                refusal { try generate(.object(JSONObject([.init(key: "raw", value: true), .init(key: name, value: "y")]))) }?.param
                    == name)
        }
        #expect(refusal { try generate(["context": [1, 2]]) }?.param == "context")
        #expect(refusal { try generate(["images": ["aGk="]]) }?.param == "images")
        #expect(refusal { try generate(["suffix": "y"]) }?.param == "suffix")
    }

    @Test("Calls have their arguments as an object, and results the name of the function")
    func tools() throws {
        let request = try chat([
            "messages": [
                ["role": "user", "content": "x"],
                ["role": "assistant", "content": "", "tool_calls": [["function": ["name": "f", "arguments": ["a": 1]]]]],
                ["role": "tool", "tool_name": "f", "content": "2"],
            ]
        ])
        #expect(
            request.conversation == [
                .user("x"), .model(#"{"name": "f", "arguments": {"a":1}}"#), .user("Result of f: 2"),
            ])
        let tools: JSONValue = [["type": "function", "function": ["name": "f", "parameters": ["type": "object"]]]]
        #expect(try chat(["messages": [["role": "user", "content": "x"]], "tools": tools]).hasTools)
        let image: JSONValue = ["messages": [["role": "user", "content": "x", "images": ["aGk="]]]]
        #expect(refusal { try chat(image) }?.param == "messages[0].images")
    }

    @Test("A model must be named")
    func name() throws {
        #expect(refusal { try OllamaChatRequest(Fields(JSONObject()), model) }?.message == "model is required")
    }
}
