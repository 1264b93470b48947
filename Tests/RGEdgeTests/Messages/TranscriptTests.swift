import ModelTestSupport
import TestSupport
import Testing
import Text

@testable import RGEdge

@Suite("The hash by which a conversation is known")
struct TranscriptTests {
    private let model: Model

    init() throws {
        model = try Model(path: try ConvertedModels.pathWithTemplate("tiny-en", .q4), options: Model.Options(threads: 1))
    }

    private func marked(_ text: String) throws -> [UInt32] { try model.encode(text, controls: .parsed) }

    private func hash(_ tokens: [UInt32]) -> UInt64 { tokens.reduce(into: Transcript(model)) { $0.append($1) }.hash }

    /// A text one byte a token.
    private func spelled(_ text: String) throws -> [UInt32] {
        try text.utf8.map { byte in
            let hexadecimal = String(byte, radix: 16, uppercase: true)
            let name = "<0x" + (byte < 16 ? "0" : "") + hexadecimal + ">"
            return try #require(model.tokenizer.token(ofPiece: name))
        }
    }

    private let opening = "<start_of_turn>user\nWho?<end_of_turn>\n<start_of_turn>model\n"

    @Test("An answer counts by its text, whatever its tokens, without white space at its ends")
    func answers() throws {
        let start = [model.configuration.bos] + (try marked(opening)), end = try marked("<end_of_turn>\n<start_of_turn>user\nAnd")
        for text in ["Moses said", "caf\u{E9} \u{20AC}\u{1F642}", ""] {
            let expected = hash(start + (try model.encode(text)) + end)
            for around in ["", " ", "\n\n", "\u{3000}\u{85}", "\u{2028} \t"] {
                #expect(try hash(start + spelled(around + text + around) + end) == expected)
                #expect(try hash(start + model.encode(around + text + around) + end) == expected)
                #expect(try hash(start + spelled(around + text)) == hash(start + model.encode(text)))
            }
            #expect(try hash(start + model.encode(text + "x") + end) != expected)
            #expect(try hash(start + model.encode("x") + spelled(text) + end) != expected)
            // Half a character is something.
            #expect(try hash(start + model.encode(text) + spelled("\u{20AC}").prefix(2)) != hash(start + model.encode(text)))
        }
        #expect(try hash(start + model.encode("a b")) != hash(start + model.encode("a  b")))
        #expect(try hash(start + model.encode("a") + end) != hash(start + end))
    }

    @Test("Nobody knows beforehand what a conversation's hash is")
    func seed() throws {
        #expect(hash([]) == hash([]) && hash([]) != 0)
        #expect(TrimmedHash().hash != 0)
    }

    @Test("What is not UTF-8 is what is read of it")
    func notUTF8() throws {
        var random = RandomSource(seed: 61)
        let bytes: [UInt8] = [0x20, 0x41, 0x80, 0xA0, 0xBF, 0xC2, 0xE0, 0xE2, 0xED, 0xF0, 0xF4, 0xFF, 0x85, 0x9F, 0x90]
        for _ in 0..<3000 {
            let text = (0..<Int.random(in: 0..<7, using: &random)).map { _ in bytes.randomElement(using: &random) ?? 0 }
            func hash(_ text: some Sequence<UInt8>) -> UInt64 { text.reduce(into: TrimmedHash()) { $0.append($1) }.hash }
            #expect(hash(text) == hash(String(decoding: text, as: UTF8.self).trimmed.utf8), "\(text)")
        }
    }

    @Test("All else counts by its tokens")
    func others() throws {
        let bos = [model.configuration.bos], start = try marked("<start_of_turn>"), end = try marked("<end_of_turn>")
        let inTokens = try model.encode("user\nWho was Moses?"), inBytes = try spelled("user\nWho was Moses?")
        #expect(hash(bos + start + inTokens) != hash(bos + start + inBytes))
        #expect(try hash(bos + model.encode("Moses")) != hash(bos + spelled("Moses")))
        // An opening that is not quite one.
        for word in ["models\n", "mode", "model \n", "Model\n"] {
            let other = try bos + start + marked(word)
            #expect(try hash(other + model.encode("Moses")) != hash(other + spelled("Moses")), "\(word)")
        }
        // After the end of an answer, and after another mark within it.
        let answer = try bos + marked(opening) + model.encode("He")
        #expect(try hash(answer + end + model.encode("Moses")) != hash(answer + end + spelled("Moses")))
        #expect(try hash(answer + bos + model.encode("Moses")) != hash(answer + bos + spelled("Moses")))
        #expect(hash(answer) != hash(answer + end))
    }
}
