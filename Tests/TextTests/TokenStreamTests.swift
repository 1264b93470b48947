import Foundation
import TestSupport
import Testing

@testable import Text

@Suite struct TokenStreamTests {
    /// The tokens of a text that comes in parts of random sizes, with tokens taken in the same way.
    private func tokens(_ text: [UInt8], _ encoder: Tokenizer.Encoder, _ source: inout RandomSource) throws -> [UInt32] {
        var stream = TokenStream(encoder)
        var start = 0, tokens: [UInt32] = []
        while !stream.isFinished || stream.count > 0 {
            if start < text.count {
                let end = min(text.count, start + Int.random(in: 1...100_000, using: &source))
                try stream.append(Array(text[start..<end]))
                start = end
            } else if !stream.isFinished {
                #expect(stream.total(ofBytes: nil) == nil)
                try stream.finish()
            }
            let wanted = Int.random(in: 1...50_000, using: &source)
            let next = stream.take(wanted)
            #expect(next.count <= wanted)
            tokens += next
        }
        #expect(stream.total(ofBytes: nil) == tokens.count)
        #expect(stream.take(1).isEmpty)
        return tokens
    }

    @Test func tokensAreThoseOfTheWholeText() throws {
        let encoder = try TokenizerTests.load().encoder()
        let text = try String(contentsOfFile: Fixtures.heldOut, encoding: .utf8)
        let line = text.split(separator: "\n").joined(separator: " ")
        var source = RandomSource(seed: 5)
        let long = String(repeating: line, count: 2 << 20 / line.utf8.count + 1)
        for whole in [
            "", "a", "\n", text, String(repeating: text, count: 20), long, long + text + long,
            String(repeating: "\n", count: 1_500_000), String(repeating: "日", count: 700_000) + "\n" + text,
        ] {
            #expect(try tokens(Array(whole.utf8), encoder, &source) == encoder.encode(whole))
        }
    }

    @Test func whatIsTakenLeavesMemory() throws {
        let encoder = try TokenizerTests.load().encoder()
        var stream = TokenStream(encoder)
        let text = Array(try String(contentsOfFile: Fixtures.heldOut, encoding: .utf8).utf8)
        var taken = 0
        for _ in 0..<40 {
            try stream.append(text)
            while stream.count > 100 { taken += stream.take(512).count }
        }
        let estimate = try #require(stream.total(ofBytes: 40 * text.count))
        try stream.finish()
        #expect(stream.total(ofBytes: nil) == taken + stream.count)
        #expect(abs(Double(estimate) / Double(taken + stream.count) - 1) < 0.05)
    }
}
