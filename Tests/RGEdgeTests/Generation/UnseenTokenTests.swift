import ModelTestSupport
import Testing
import Text

@testable import RGEdge

/// Where a session stands after an answer whose last tokens show nothing: control tokens, or the first bytes of a character.
@Suite("Unseen tokens")
struct UnseenTokenTests {
    private let model: Model

    init() throws { model = try Model(path: try ConvertedModels.path("tiny-en", .f32)) }

    /// The tokens of an answer, and how many of them there are up to the last one of which something is shown.
    private func answer(_ session: Session, _ sampling: Sampling, count: Int) throws -> (tokens: [UInt32], seen: Int) {
        var text = AnswerText(stop: [])
        var tokens: [UInt32] = []
        var seen = 0
        for _ in 0..<count {
            let token = try session.sample(sampling)
            guard token != model.configuration.eos else { break }
            let start = text.received
            tokens.append(token)
            try session.consume(token)
            _ = text.append(token, model.tokenizer) { _ in true }
            if text.shown > start { seen = tokens.count }
        }
        return (tokens, seen)
    }

    @Test("They are taken back, with stop texts and without", arguments: [[], ["zzz"]])
    func takenBack(stop: [String]) throws {
        let prompt = try [model.configuration.bos] + model.encoder().encode("hi", controls: .asText)
        var unseen = 0
        for seed in 0..<400 as Range<UInt64> {
            // Any token is nearly as likely as any other.
            let sampling = Sampling(temperature: 100, seed: seed)
            let plain = try model.makeSession()
            try plain.feed(prompt)
            let (tokens, seen) = try answer(plain, sampling, count: 2)
            unseen += tokens.count - seen

            let session = try model.makeSession()
            let result = try session.generate(
                "hi", options: GenerationOptions(sampling: sampling, maxTokens: 2, stop: stop)
            ) { _ in true }
            #expect(result.generatedTokens == tokens.count)
            let expected = try model.makeSession()
            try expected.feed(prompt + tokens.prefix(seen))
            let isAlike = session.serialized() == expected.serialized()
            #expect(isAlike, "seed \(seed)")
        }
        #expect(unseen > 3)
    }
}
