import RGEdge
import Testing

@testable import Serving

@Suite("Calls in answers")
struct CallWatchTests {
    private func run(_ parts: [String], isOn: Bool = true) -> (shown: [String], call: ToolCall?, rest: String) {
        var watch = CallWatch(isOn: isOn)
        let shown = parts.flatMap { watch.append(AnswerPiece(text: $0)) }.map(\.text)
        let (call, words) = watch.finish()
        return (shown, call, words.map(\.text).joined())
    }

    @Test("A call is held back whole, and is given as a call")
    func call() {
        let (shown, call, rest) = run(["{\"na", "me\": \"add\"", ", \"arguments\": {\"a\": 1}}"])
        #expect(shown.isEmpty && rest.isEmpty && call == ToolCall(name: "add", arguments: "{\"a\": 1}"))
    }

    @Test("Words are shown at once, also those that begin like a call")
    func words() {
        #expect(run(["He ", "said"]).shown == ["He ", "said"])
        #expect(run(["{", "\"nam", "ing\": 1}"]).shown == ["{", "\"nam", "ing\": 1}"])
        #expect(run(["{\"name\": \"x\""], isOn: false).shown == ["{\"name\": \"x\""])
    }

    @Test("A call that was cut short is words")
    func cut() {
        let (shown, call, rest) = run(["{\"name\": \"add\", \"arg"])
        #expect(shown.isEmpty && call == nil && rest == "{\"name\": \"add\", \"arg")
    }
}
