import JSON
import ModelTestSupport
import RGEdge
import Testing
import Text

@testable import Serving

@Suite("Requests to /v1/responses")
struct ResponsesRequestTests {
    private let model: Model

    init() throws { model = try Model(path: try ConvertedModels.pathWithTemplate("tiny-en", .q4)) }

    private func read(_ members: JSONValue) throws -> ResponsesRequest {
        try ResponsesRequest(try Fields(members, at: ""), model)
    }

    private func refusal(_ members: JSONValue) -> APIError? {
        do {
            _ = try read(members)
            return nil
        } catch { return error as? APIError }
    }

    @Test("A text is the user's, and the instructions come before it")
    func text() throws {
        let request = try read([
            "input": "Who?", "instructions": "Be brief.", "max_output_tokens": 7, "temperature": 0, "store": true,
        ])
        #expect(request.conversation == [.user("Be brief.\n\nWho?")])
        #expect(request.settings.maxTokens == 7)
        #expect(request.settings.sampling.temperature == 0)
        #expect(!request.isStreamed)
        #expect(request.settings.logprobs == nil)
    }

    @Test("Messages, calls and results are read as they were answered")
    func items() throws {
        let request = try read([
            "input": [
                ["role": "developer", "content": "Rules."],
                ["role": "user", "content": [["type": "input_text", "text": "Weather"], ["type": "input_text", "text": "?"]]],
                ["type": "reasoning", "summary": []],
                ["type": "function_call", "call_id": "c1", "name": "weather", "arguments": "{\"city\":\"Rome\"}"],
                ["type": "function_call_output", "call_id": "c1", "output": "sunny"],
                [
                    "type": "message", "role": "assistant", "status": "completed",
                    "content": [["type": "output_text", "text": "It is sunny.", "annotations": []]],
                ],
                ["role": "user", "content": "And tomorrow?"],
            ]
        ])
        #expect(
            request.conversation == [
                .user("Rules.\n\nWeather?"), .model("{\"name\": \"weather\", \"arguments\": {\"city\":\"Rome\"}}"),
                .user("Result of weather: sunny"), .model("It is sunny."), .user("And tomorrow?"),
            ])
    }

    @Test(
        "What there is nothing for is refused by name",
        arguments: [
            ("previous_response_id", "resp_1"), ("conversation", "conv_1"), ("prompt", ["id": "p"]), ("background", true),
        ] as [(String, JSONValue)])
    func unsupported(name: String, value: JSONValue) throws {
        let error = refusal(.object(JSONObject([.init(key: "input", value: "x"), .init(key: name, value: value)])))
        #expect(error?.param == name)
        #expect(error?.status == 400)
    }

    @Test("Another kind of item, part or tool is refused where it stands")
    func places() throws {
        #expect(refusal(["input": [["type": "item_reference", "id": "x"]]])?.param == "input[0].type")
        #expect(
            refusal(["input": [["role": "user", "content": [["type": "input_image"]]]]])?.param == "input[0].content[0]")
        #expect(refusal(["input": "x", "tools": [["type": "web_search"]]])?.param == "tools[0].type")
        #expect(refusal(["input": []])?.param == "input")
        #expect(refusal([:])?.param == "input")
        #expect(refusal(["input": "x", "text": ["format": ["type": "xml"]]])?.param == "text.format.type")
    }

    @Test("False, null and empty are as good as missing")
    func nothing() throws {
        _ = try read(["input": "x", "background": false, "previous_response_id": .null, "tools": [], "text": .null, "include": []])
    }

    private let twoTools: JSONValue = [
        ["type": "function", "name": "a", "parameters": ["type": "object"], "strict": true],
        ["type": "function", "name": "b", "parameters": ["type": "object"]],
    ]

    @Test("Tools in the flat form, and a choice among them")
    func tools() throws {
        let request = try read([
            "input": "x", "tools": twoTools,
            "tool_choice": ["type": "allowed_tools", "mode": "required", "tools": [["type": "function", "name": "b"]]],
        ])
        #expect(request.hasTools)
        guard case .constrained(.call(let tools, let choice)) = request.settings.format else { throw APIError("no tools") }
        #expect(choice == .required)
        #expect(tools == (try Tools(json: #"[{"type":"function","name":"b","parameters":{"type":"object"}}]"#)))
        #expect(request.settings.formatParam == "tools")
        let one = try read(["input": "x", "tools": twoTools, "tool_choice": ["type": "function", "name": "a"]])
        guard case .constrained(.call(_, .function("a"))) = one.settings.format else { throw APIError("another choice") }
        #expect(try !read(["input": "x", "tools": twoTools, "tool_choice": "none"]).hasTools)
        #expect(
            refusal([
                "input": "x", "tools": twoTools, "tool_choice": ["type": "allowed_tools", "tools": [["name": "c"]]],
            ])?.param == "tool_choice")
    }

    @Test("A schema stands beside its type")
    func format() throws {
        let format: JSONValue = ["type": "json_schema", "name": "n", "schema": ["type": "integer"]]
        let request = try read(["input": "x", "text": ["format": format]])
        #expect(request.settings.format == .constrained(.jsonSchema(#"{"type":"integer"}"#)))
        #expect(request.echo.members["text"] == ["format": format])
    }

    @Test("Log probabilities come with include")
    func logprobs() throws {
        #expect(try read(["input": "x", "include": ["message.output_text.logprobs"]]).settings.logprobs == 0)
        #expect(try read(["input": "x", "top_logprobs": 3]).settings.logprobs == 3)
        #expect(try read(["input": "x", "top_logprobs": 0]).settings.logprobs == nil)
    }

    @Test("The answer repeats what was asked, in the forms that clients read")
    func echo() throws {
        let echo = try read([
            "input": "x", "temperature": 0.3, "metadata": ["a": "b"], "parallel_tool_calls": false, "tool_choice": "auto",
            "tools": [["type": "function", "function": ["name": "a", "description": "d", "parameters": ["type": "object"]]]],
        ]).echo.members
        #expect(echo["temperature"] == 0.3)
        #expect(echo["metadata"] == ["a": "b"])
        #expect(echo["parallel_tool_calls"] == false)
        #expect(
            echo["tools"] == [
                [
                    "type": "function", "name": "a", "description": "d", "parameters": ["type": "object"], "strict": true,
                ]
            ])
        #expect(echo["text"] == ["format": ["type": "text"]])
        #expect(echo["instructions"] == .null)
    }
}
