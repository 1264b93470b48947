import JSON
import Testing

@testable import Serving

@Suite("Bodies of requests")
struct RequestBodyTests {
    private func problem(_ text: String) -> String? {
        do {
            _ = try RequestBody.fields(Array(text.utf8))
            return nil
        } catch { return error.message }
    }

    @Test("Too deep, too many values, not JSON, no object")
    func hostile() {
        #expect(problem(String(repeating: "[", count: 60_000))?.hasPrefix("the body has more than 64 levels") == true)
        #expect(problem("[" + String(repeating: "0,", count: 200_000) + "0]")?.hasPrefix("the body has more than") == true)
        #expect(problem("{\"a\": ")?.hasPrefix("the body is not valid JSON") == true)
        #expect(problem("{\"a\": \"\u{0}\"}") != nil)
        #expect(problem("[]") == "\"body\" is not a JSON object")
        #expect(problem("") != nil)
        #expect(problem("{\"a\": 1, \"a\": 2}") != nil)
    }

    @Test("Brackets and commas in strings count for nothing")
    func strings() {
        #expect(problem("{\"a\": \"" + String(repeating: "[,{\\\"", count: 100_000) + "\"}") == nil)
    }

    @Test("Null counts as missing; another type is an error that names the member")
    func members() throws {
        let fields = try RequestBody.fields(Array(#"{"a": null, "b": 1.5, "c": {"d": "x"}, "e": true, "f": ["x"]}"#.utf8))
        #expect(try fields.string("a") == nil && fields.integer("a", 0...1) == nil && fields.bool("a") == nil)
        #expect(try fields.number("b", 0...2) == 1.5 && fields.fields("c")?.string("d") == "x" && fields.strings("f") == ["x"])
        #expect { _ = try fields.string("b") } throws: { ($0 as? APIError)?.param == "b" }
        #expect { _ = try fields.integer("b", 0...9) } throws: { ($0 as? APIError)?.param == "b" }
        #expect { _ = try fields.number("b", 0...1) } throws: { ($0 as? APIError)?.param == "b" }
        #expect { _ = try fields.bool("b") } throws: { ($0 as? APIError)?.param == "b" }
        #expect { _ = try fields.array("b") } throws: { ($0 as? APIError)?.param == "b" }
        #expect { try fields.refuse(["b"]) } throws: { ($0 as? APIError)?.param == "b" }
        #expect { _ = try fields.fields("c")?.integer("d", 0...1) } throws: { ($0 as? APIError)?.param == "c.d" }
        try fields.refuse(["a", "none"])
    }
}
