import HTTPServer
import JSON
import ModelTestSupport
import RGEdge
import System
import TestSupport
import Testing

@testable import Serving

@Suite("A server")
final class ServerTests {
    let server: Server
    let client: LoopbackClient
    let key = "0123456789abcdef"

    init() throws {
        let model = try Model(path: try ConvertedModels.pathWithTemplate("tiny-en", .q4), options: Model.Options(threads: 1))
        var options = ServerOptions(name: "tiny")
        options.parallel = 2
        options.board = "board-1"
        server = try Server(model, options: options, report: { _ in })
        let places = try server.start(on: [.tcp(host: "127.0.0.1", port: 0)])
        client = LoopbackClient(port: try #require(places[0].split(separator: ":").last.flatMap { Int($0) }))
    }

    deinit { server.drain(patience: 0) }

    private let request: JSONValue = [
        "messages": [["role": "user", "content": "Tell of the king."]], "seed": 5, "max_tokens": 12, "temperature": 1,
    ]

    private func with(_ name: String, _ value: JSONValue) -> JSONValue {
        guard case .object(var object) = request else { return request }
        object[name] = value
        return .object(object)
    }

    @Test("An answer is the same streamed and whole, and by every API that has the same defaults")
    func streamedAndWhole() throws {
        let whole = try client.post("/v1/chat/completions", request)
        #expect(whole.status == 200 && whole.head.contains("X-Board: board-1"))
        let text = try #require(whole.json["choices"]?.arrayValue?.first?["message"]?["content"]?.stringValue)
        let streamed = try client.post("/v1/chat/completions", with("stream", true))
        #expect(streamed.isWhole && streamed.events.last == "[DONE]")
        let pieces = streamed.values.compactMap { $0["choices"]?.arrayValue?.first?["delta"]?["content"]?.stringValue }
        #expect(pieces.first == "" && pieces.joined() == text)
        #expect(Set(streamed.values.compactMap { $0["id"]?.stringValue }).count == 1)
        #expect(streamed.values.last?["choices"]?.arrayValue?.first?["finish_reason"] == "length")

        let ollama: JSONValue = [
            "model": "tiny", "messages": [["role": "user", "content": "Tell of the king."]], "stream": false,
            "options": ["seed": 5, "num_predict": 12, "temperature": 1],
        ]
        #expect(try client.post("/api/chat", ollama).json["message"]?["content"] == .string(text))
        let responses: JSONValue = [
            "input": "Tell of the king.", "seed": 5, "max_output_tokens": 12, "temperature": 1,
        ]
        let output = try client.post("/v1/responses", responses).json["output"]?.arrayValue?.first?["content"]
        #expect(output?.arrayValue?.first?["text"] == .string(text))
    }

    @Test("Errors have OpenAI's shape, with all four members")
    func errors() throws {
        let cases: [(LoopbackClient.Answer, Int, String)] = [
            (try client.get("/nothing"), 404, "unknown_url"), (try client.get("/v1/chat/completions"), 405, "method_not_allowed"),
            (try client.post("/v1/chat/completions", []), 400, "invalid_value"),
            (try client.post("/v1/chat/completions", [:]), 400, "missing_required_parameter"),
            (try client.post("/v1/chat/completions", with("web_search_options", ["a": 1])), 400, "unsupported_parameter"),
            (try client.get("/v1/models", "Origin: http://evil.example\r\n"), 403, "origin_not_allowed"),
        ]
        for (answer, status, code) in cases {
            let error = answer.json["error"]?.objectValue
            #expect(answer.status == status && error?["code"] == .string(code), "\(answer.head)\n\(answer.body)")
            #expect(error?.members.map(\.key) == ["message", "type", "param", "code"])
        }
        #expect(cases[1].0.head.contains("Allow: POST"))
    }

    @Test("A base model's server names the endpoint to use, and not its file")
    func baseModel() throws {
        let model = try Model(path: try ConvertedModels.path("tiny-en", .q4), options: Model.Options(threads: 1))
        let base = try Server(model, options: ServerOptions(name: "base"), report: { _ in })
        defer { base.drain(patience: 0) }
        let places = try base.start(on: [.tcp(host: "127.0.0.1", port: 0)])
        let client = LoopbackClient(port: try #require(places[0].split(separator: ":").last.flatMap { Int($0) }))
        let refused = try client.post("/v1/chat/completions", request)
        #expect(refused.status == 400 && refused.body.contains("use /v1/completions") && !refused.body.contains(model.path))
        #expect(try client.post("/v1/completions", ["prompt": "In the", "max_tokens": 4]).status == 200)
    }

    @Test("What a schema demands is what comes, and one that can't be made is refused")
    func formats() throws {
        let schema: JSONValue = [
            "type": "object", "properties": ["a": ["type": "boolean"]], "required": ["a"], "additionalProperties": false,
        ]
        let format: JSONValue = ["type": "json_schema", "json_schema": ["name": "x", "schema": schema]]
        let answer = try client.post("/v1/chat/completions", with("response_format", format))
        let text = try #require(answer.json["choices"]?.arrayValue?.first?["message"]?["content"]?.stringValue)
        #expect(["{\"a\": true}", "{\"a\": false}", "{\"a\":true}", "{\"a\":false}"].contains(text))
        let bad: JSONValue = [
            "type": "json_schema", "json_schema": ["name": "x", "schema": ["type": "object", "not": ["contains": 1]]],
        ]
        let refused = try client.post("/v1/chat/completions", with("response_format", bad))
        #expect(refused.status == 400 && refused.json["error"]?["param"] == "response_format")
    }

    @Test("At the end, health says so, and an answer under way breaks off as one that failed")
    func end() throws {
        #expect(try client.get("/health").status == 200)
        server.engine.drain()
        #expect(try client.get("/health").status == 503)
        let refused = try client.post("/v1/chat/completions", request)
        #expect(refused.status == 503 && refused.json["error"]?["code"] == "draining" && refused.head.contains("Retry-After"))
    }

    @Test("Figures tell what was computed and what was not")
    func metrics() throws {
        _ = try client.post("/v1/chat/completions", request)
        _ = try client.post("/v1/chat/completions", request)
        let body = try client.get("/metrics").body
        func value(_ name: String) -> Double? {
            body.split(separator: "\n").first { $0.hasPrefix("rg_edge_\(name) ") }.flatMap { Double($0.split(separator: " ")[1]) }
        }
        let prompt = try #require(value("prompt_tokens_total"))
        #expect(value("prompt_tokens_reused_total") == prompt / 2)
        #expect(value("tokens_predicted_total") == 24)
        #expect(body.contains("rg_edge_time_to_first_token_seconds_count 2"))
    }
}
