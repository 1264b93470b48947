import JSON
import RGEdge
import Testing
import Text

@testable import Serving

@Suite("Conversations as OpenAI's API has them")
struct MessageReaderTests {
    private func conversation(_ messages: JSONValue) throws -> [Message] {
        var reader = MessageReader()
        try reader.read(messages.arrayValue ?? [])
        return try reader.conversation()
    }

    @Test("Roles, parts, and null")
    func roles() throws {
        let messages: JSONValue = [
            ["role": "developer", "content": "Be brief."],
            ["role": "user", "content": [["type": "text", "text": "Who "], ["type": "text", "text": "was he?"]]],
            ["role": "assistant", "content": .null, "refusal": "No."], ["role": "user", "content": "Why?"],
        ]
        #expect(try conversation(messages) == [.user("Be brief.\n\nWho was he?"), .model("No."), .user("Why?")])
    }

    @Test("Who speaks twice is joined; a system nobody follows is the user's")
    func folding() throws {
        #expect(
            try conversation([
                ["role": "user", "content": "One"], ["role": "system", "content": "S"], ["role": "user", "content": "Two"],
                ["role": "assistant", "content": "A"], ["role": "assistant", "content": "B"], ["role": "system", "content": "End"],
            ]) == [.user("One\n\nS\n\nTwo"), .model("A\n\nB"), .user("End")])
        #expect(try conversation([["role": "system", "content": "Alone"]]) == [.user("Alone")])
        #expect(
            try conversation([["role": "user", "content": "Q"], ["role": "system", "content": "S"]]) == [.user("Q\n\nS")])
        #expect(
            try conversation([["role": "user", "content": "Q"], ["role": "assistant", "content": "It is"]])
                == [.user("Q"), .model("It is")])
    }

    @Test("A call is spelled as the model spells it, and its result is the user's")
    func calls() throws {
        let call: JSONValue = [
            "id": "c1", "type": "function", "function": ["name": "add", "arguments": "{\"a\": 1}"],
        ]
        let messages = try conversation([
            ["role": "user", "content": "1 + 1?"], ["role": "assistant", "content": .null, "tool_calls": [call]],
            ["role": "tool", "tool_call_id": "c1", "content": "2"],
        ])
        #expect(
            messages == [
                .user("1 + 1?"), .model(#"{"name": "add", "arguments": {"a": 1}}"#), .user("Result of add: 2"),
            ])
        #expect(ToolCall(answer: messages[1].text) == ToolCall(name: "add", arguments: "{\"a\": 1}"))
    }

    @Test(
        "What is no message is an error that names its place",
        arguments: [
            ([["role": "wizard", "content": "x"]], "messages[0].role"), ([["content": "x"]], "messages[0].role"),
            ([["role": "user", "content": [["type": "image_url", "image_url": "x"]]]], "messages[0].content[0]"),
            ([["role": "user", "content": 5]], "messages[0].content"), (["x"], "messages[0]"), ([], "messages"),
            ([["role": "assistant", "content": "x"]], "messages"),
        ] as [(JSONValue, String)])
    func errors(_ messages: JSONValue, param: String) {
        do {
            _ = try conversation(messages)
            Issue.record("no error")
        } catch { #expect((error as? APIError)?.param == param) }
    }
}
