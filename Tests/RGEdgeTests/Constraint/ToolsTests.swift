import JSON
import ModelTestSupport
import TestSupport
import Testing
import Tiles

@testable import RGEdge

@Suite("Calls of functions")
struct ToolsTests {
    static let json = """
        [{"type": "function", "function": {"name": "get_weather", "description": "The weather in a city.", "parameters": {
            "type": "object", "required": ["city"], "additionalProperties": false,
            "properties": {"city": {"type": "string", "maxLength": 12}, "unit": {"enum": ["C", "F"]}}}}},
         {"name": "walk", "parameters": {"$defs": {"step": {"enum": ["left", "right"]}}, "type": "object", "required": ["steps"],
            "additionalProperties": false,
            "properties": {"steps": {"type": "array", "minItems": 1, "maxItems": 3, "items": {"$ref": "#/$defs/step"}}}}},
         {"name": "stop"}]
        """

    private func answers(_ choice: Tools.Choice, count: Int) throws -> [String] {
        let model = try Model(path: try ConvertedModels.pathWithTemplate("tiny-en", .q8))
        let tools = try Tools(json: Self.json), constraint = try model.constraint(.call(tools, choice))
        return try (0..<count).map { seed in
            let session = try model.makeSession()
            let options = GenerationOptions(
                sampling: Sampling(temperature: 1.5, seed: UInt64(seed)), maxTokens: 400, constraint: constraint)
            var text = ""
            _ = try session.generate(messages: [.system(tools.instructions(choice)), .user("Go.")], options: options) {
                text += $0
                return true
            }
            return text
        }
    }

    @Test("A call that must be made is one of the functions, with arguments that fit")
    func required() throws {
        var names: Set<String> = []
        for answer in try answers(.required, count: 20) {
            let call = try #require(ToolCall(answer: answer), "\(answer)")
            names.insert(call.name)
            let arguments = try JSONValue(parsing: Array(call.arguments.utf8))
            guard case .object(let object) = arguments else {
                Issue.record("\(arguments)")
                continue
            }
            switch call.name {
            case "get_weather": #expect(object["city"] != nil)
            case "walk":
                guard case .array(let steps)? = object["steps"] else {
                    Issue.record("\(arguments)")
                    continue
                }
                #expect((1...3).contains(steps.count) && steps.allSatisfy { $0 == "left" || $0 == "right" })
            case "stop": #expect(object.members.isEmpty)
            default: Issue.record("there is no function \(call.name)")
            }
        }
        #expect(names.count > 1)
        for answer in try answers(.function("walk"), count: 3) { #expect(ToolCall(answer: answer)?.name == "walk") }
    }

    @Test("At the model's choice it is a call or words, which never look like one")
    func auto() throws {
        let answers = try answers(.auto, count: 30)
        #expect(answers.contains { ToolCall(answer: $0) == nil })
        for answer in answers where ToolCall(answer: answer) == nil { #expect(!answer.hasPrefix("{")) }
    }

    @Test("The model is told of the functions that it may call")
    func instructions() throws {
        let tools = try Tools(json: Self.json)
        let all = tools.instructions(.auto), one = tools.instructions(.function("stop"))
        #expect(
            all.contains("otherwise answer in words")
                && all.contains(#"{"name":"get_weather","description":"The weather in a city.""#))
        #expect(one.contains("Answer with a call") && one.contains("stop") && !one.contains("walk"))
    }

    @Test(
        "What is no list of functions says so",
        arguments: [
            ("", "the text is empty"), ("[", "line 1"), ("[]", "no array with functions"), ("{}", "no array with functions"),
            ("[1]", "number 1 is no object"), (#"[{"type": "function", "function": {}}]"#, "number 1 has no name"),
            (#"[{"name": "a"}, {"name": "a"}]"#, "two functions are named a"),
            (#"[{"name": "a", "parameters": 1}]"#, "the parameters of a are no JSON Schema"),
            (#"[{"type": "retrieval", "function": {"name": "a"}}]"#, "of another type"),
        ])
    func wrong(json: String, words: String) throws {
        #expect { _ = try Tools(json: json) } throws: { ($0 as? ModelError)?.description.contains(words) == true }
    }

    @Test("Parameters that aren't supported, and a name that isn't there, are errors")
    func refused() throws {
        let model = try Model(path: try ConvertedModels.path("tiny-en", .q8))
        let tools = try Tools(json: #"[{"name": "a", "parameters": {"type": "object", "unevaluatedProperties": false}}]"#)
        #expect { _ = try model.constraint(.call(tools, .required)) } throws: {
            ($0 as? ModelError)?.description.contains("#/anyOf/0/properties/arguments") == true
        }
        #expect { _ = try model.constraint(.call(tools, .function("b"))) } throws: {
            ($0 as? ModelError)?.description.contains("no tool is named b; choose one of a") == true
        }
    }

    @Test(
        "A call is read as it was written",
        arguments: [
            (#"{"name": "a", "arguments": {}}"#, ToolCall(name: "a", arguments: "{}")),
            (
                #"{"name": "a\"b", "arguments": {"x": "}\\", "y": [{}, 12345678901234567890]}}"#,
                ToolCall(name: #"a"b"#, arguments: #"{"x": "}\\", "y": [{}, 12345678901234567890]}"#)
            ),
            (#"{"name": "a", "arguments": {"x": "\u0000", "x": 1}}"#, ToolCall(name: "a", arguments: #"{"x": "\u0000", "x": 1}"#)),
            (#"{"name": "a", "arguments": {"x": 1}"#, nil), (#"{"name": "a", "argu"#, nil), ("{", nil), ("", nil), ("Hello.", nil),
            (#"{"name": "a", "arguments": {}} "#, nil),
        ])
    func reading(answer: String, call: ToolCall?) { #expect(ToolCall(answer: answer) == call) }

    @Test("Parameters that refer to themselves mean themselves, under whatever name")
    func references() throws {
        let model = try Model(path: try ConvertedModels.path("tiny-en", .q8))
        let tools = try Tools(
            json: """
                [{"name": "first"}, {"name": "second", "parameters": {"$defs": {"enum": {"enum": ["x", "y"]}}, "type": "object",
                  "required": ["default"], "additionalProperties": false,
                  "properties": {"default": {"$ref": "#/$defs/enum"}, "again": {"$ref": "#"}}}}]
                """)
        let constraint = try model.constraint(.call(tools, .required))
        func allows(_ text: String) -> Bool {
            var matcher = constraint.masks.grammar.matcher()
            return matcher.advance(text.utf8) && matcher.isComplete
        }
        #expect(allows(#"{"name": "second", "arguments": {"default": "x", "again": {"default": "y"}}}"#))
        #expect(!allows(#"{"name": "second", "arguments": {"default": "z"}}"#))
        #expect(!allows(#"{"name": "second", "arguments": {"default": "x", "again": {"name": "first", "arguments": {}}}}"#))
    }
}
