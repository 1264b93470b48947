import JSON
import ModelTestSupport
import RGEdge
import Testing

@testable import Serving

@Suite("Answers of Ollama's endpoints")
struct OllamaShapeTests {
    private let model: Model
    private let identity: ModelIdentity
    private let totals = Totals(promptTokens: 9, reusedTokens: 4, generatedTokens: 2, promptSeconds: 0.25, answerSeconds: 0.5)

    init() throws {
        model = try Model(path: try ConvertedModels.pathWithTemplate("tiny-en", .q4))
        identity = ModelIdentity(name: "m", fingerprint: "rg-0123456789abcdef-f", created: 1, tokenizer: model.tokenizer)
    }

    @Test("A line has a part of the words, and the last says why it ended and what it took")
    func lines() throws {
        let shape = OllamaShape(.chat, identity, hasLogprobs: false)
        #expect(!shape.isEventStream)
        guard case .json(let line)? = shape.text(AnswerPiece(text: "Hi"), choice: 0).first,
            case .json(let last)? = shape.ending([WholeAnswer(text: "Hi", finish: .length)], totals).first
        else { throw APIError("no lines") }
        #expect(line["message"] == ["role": "assistant", "content": "Hi"])
        #expect(line["done"] == false)
        #expect(line["model"] == "m:latest")
        #expect(last["message"] == ["role": "assistant", "content": ""])
        #expect(last["done"] == true)
        #expect(last["done_reason"] == "length")
        #expect(last["prompt_eval_count"] == 9)
        #expect(last["prompt_eval_duration"] == 250_000_000)
        #expect(last["eval_count"] == 2)
        #expect(last["eval_duration"] == 500_000_000)
        #expect(last["load_duration"] == 0)
    }

    @Test("The whole answer is one object, with the words where the endpoint has them")
    func whole() {
        let answer = WholeAnswer(text: "Hi")
        let chat = OllamaShape(.chat, identity, hasLogprobs: false).whole([answer], totals)
        #expect(chat["message"]?["content"] == "Hi")
        #expect(chat["done_reason"] == "stop")
        let generate = OllamaShape(.generate, identity, hasLogprobs: false).whole([answer], totals)
        #expect(generate["response"] == "Hi")
        #expect(generate["message"] == nil)
        #expect(generate["done"] == true)
    }

    @Test("A call has its arguments as an object")
    func call() throws {
        let call = ToolCall(name: "f", arguments: #"{"a": 1}"#)
        let shape = OllamaShape(.chat, identity, hasLogprobs: false)
        guard case .json(let line)? = shape.call(call, choice: 0).first else { throw APIError("no line") }
        let function = line["message"]?["tool_calls"]?.arrayValue?.first?["function"]
        #expect(function == ["index": 0, "name": "f", "arguments": ["a": 1]])
        let whole = shape.whole([WholeAnswer(text: "", call: call)], totals)
        #expect(whole["message"]?["tool_calls"]?.arrayValue?.first?["function"] == function)
    }

    @Test("Errors are a text, and an empty request has its reason")
    func others() {
        let shape = OllamaShape(.generate, identity, hasLogprobs: false)
        #expect(shape.failure(APIError("no")) == [.json(["error": "no"])])
        #expect(shape.body(of: APIError("no")) == ["error": "no"])
        #expect(shape.empty(unloads: false)["done_reason"] == "load")
        #expect(shape.empty(unloads: true)["done_reason"] == "unload")
    }

    @Test("The model is shown under its name with a tag, and found under both")
    func shown() {
        #expect(identity.isCalled("m"))
        #expect(identity.isCalled("m:latest"))
        #expect(!identity.isCalled("n"))
        let tagged = ModelIdentity(name: "m:2b", fingerprint: "", created: 1, tokenizer: model.tokenizer)
        #expect(tagged.ollamaName == "m:2b")
        let ollama = OllamaModel(model: model, identity: identity, contextLength: 5)
        #expect(ollama.listed["model"] == "m:latest")
        #expect(ollama.listed["digest"] == "0123456789abcdef")
        #expect(ollama.listed["details"]?["quantization_level"] == "Q4")
        #expect(ollama.shown["model_info"]?["recurrentgemma.context_length"] == 5)
        #expect(ollama.shown["capabilities"] == ["completion", "tools"])
    }

    @Test(
        "Numbers of weights are short",
        arguments: [(999, "999"), (1500, "1.50K"), (4_082_112, "4.08M"), (2_682_862_080, "2.7B"), (9_950_000_000, "10.0B")])
    func short(count: Int, text: String) {
        #expect(OllamaModel.short(count) == text)
    }

    @Test("Moments are written with nanoseconds")
    func timestamps() {
        #expect(Timestamp.text(seconds: 1_764_319_777, nanoseconds: 12_345_678) == "2025-11-28T08:49:37.012345678Z")
        #expect(Timestamp.text(seconds: 0) == "1970-01-01T00:00:00.000000000Z")
        #expect(Timestamp.now.utf8.count == 30)
    }
}
