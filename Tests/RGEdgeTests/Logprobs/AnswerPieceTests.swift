import Foundation
import ModelTestSupport
import TestSupport
import Testing
import Text

@testable import RGEdge

/// The tokens beside each piece of text: which they are, and how likely the model thought them.
@Suite("Pieces of answers")
struct AnswerPieceTests {
    private static let prompt = "In the beginning"
    private let model: Model

    init() throws {
        model = try Model(path: try ConvertedModels.path("tiny-en", .q8), options: Model.Options(threads: 1))
    }

    /// Plain, drawn with everything that changes logits, with guesses, with texts that hold pieces back or end the answer, with a
    /// stop text in the middle of a token, with any token at all, so that there are control tokens and parts of characters, and
    /// always " the", of which two are held back.
    static let variants = [
        GenerationOptions(maxTokens: 40, logprobs: 3),
        GenerationOptions(
            sampling: Sampling(
                temperature: 1.5, topK: 50, repetitionPenalty: 1.2, presencePenalty: 0.5, frequencyPenalty: 0.5,
                logitBias: [267: -.infinity, 277: 2], seed: 3),
            maxTokens: 40, logprobs: 20),
        GenerationOptions(sampling: Sampling(temperature: 1, seed: 3), maxTokens: 40, lookup: 8, logprobs: 0),
        GenerationOptions(maxTokens: 40, stop: [" of the craftsman, and the firstfruits of the world"], logprobs: 1),
        GenerationOptions(maxTokens: 40, stop: ["rown of the L"], logprobs: 1),
        GenerationOptions(maxTokens: 40, stop: [" of the craftsman, and"], logprobs: 1),
        GenerationOptions(sampling: Sampling(temperature: 100, seed: 1), maxTokens: 200, logprobs: 2),
        GenerationOptions(sampling: Sampling(temperature: 100, seed: 2), maxTokens: 200, stop: ["zzz"], logprobs: 2),
        GenerationOptions(sampling: Sampling(logitBias: [267: 1000]), maxTokens: 6, stop: [" the the x"], logprobs: 1),
    ]

    private func pieces(
        _ session: Session, _ options: GenerationOptions, limit: Int = .max
    ) throws -> (pieces: [AnswerPiece], result: GenerationResult) {
        var pieces: [AnswerPiece] = []
        let result = try session.generatePieces(Self.prompt, options: options) {
            pieces.append($0)
            return pieces.count < limit
        }
        return (pieces, result)
    }

    private func newSession() throws -> Session {
        let session = try model.makeSession()
        try session.feed([model.configuration.bos] + model.encode(Self.prompt))
        return session
    }

    /// The definition, in Foundation's `exp` and `log`.
    private func logprobs(_ session: Session) throws -> [Float] {
        let logits = try #require(session.logits)
        let sum = log(logits.reduce(0.0) { $0 + exp(Double($1)) })
        return logits.map { Float(Double($0) - sum) }
    }

    @Test(
        "The text is that of generate, and the tokens are those that the session has consumed", arguments: variants, [1, 4, .max])
    func tokens(options: GenerationOptions, limit: Int) throws {
        let session = try model.makeSession()
        let (pieces, result) = try pieces(session, options, limit: limit)
        var texts: [String] = []
        var plain = options
        plain.logprobs = nil
        let other = try model.makeSession()
        let otherResult = try other.generate(Self.prompt, options: plain) {
            texts.append($0)
            return texts.count < limit
        }
        #expect(pieces.map(\.text) == texts)
        #expect(result.finish == otherResult.finish && result.generatedTokens == otherResult.generatedTokens)
        #expect(session.serialized() == other.serialized(), "the same session, whether they are asked for or not")

        let tokens = pieces.flatMap(\.tokens).map(\.token)
        let reference = try newSession()
        try #require(session.position == reference.position + Int64(tokens.count))
        #expect(session.memory.recent.oldestFirst.suffix(tokens.count) == tokens[...])

        // Of each token, the model's own probabilities; and the piece is the first that shows something of it.
        var text = AnswerText(stop: [])
        var shown = 0
        for piece in pieces {
            let end = shown + piece.text.utf8.count
            for token in piece.tokens {
                let expected = try logprobs(reference)
                #expect(abs(token.logprob - expected[Int(token.token)]) <= 1e-6 * max(1, -token.logprob))
                let best = expected.indices.sorted { (-expected[$0], $0) < (-expected[$1], $1) }.prefix(options.logprobs ?? 0)
                #expect(token.top.map(\.token) == best.map { UInt32($0) })
                for likely in token.top {
                    #expect(abs(likely.logprob - expected[Int(likely.token)]) <= 1e-6 * max(1, -likely.logprob))
                }
                #expect(text.received >= shown && text.received < end, "\(token) in \(piece.text)")
                _ = text.append(token.token, model.tokenizer) { _ in true }
                try reference.feed([token.token])
            }
            shown = end
        }
    }

    @Test("The variants have what they are for: tokens that share a piece, and a piece that goes on within a token")
    func variety() throws {
        let all = try Self.variants.map { try pieces(try model.makeSession(), $0).pieces }
        #expect(all[6].contains { $0.tokens.count > 1 }, "tokens without text, or parts of a character")
        #expect(all[3].contains { $0.tokens.count > 5 }, "held back")
        #expect(all[5].isEmpty, "all of it was taken back")
        #expect(all[8].map(\.tokens.count) == [1, 1, 1, 1, 2])
        #expect(all[1].contains { $0.tokens.contains { token in token.top.first?.token != token.token } })
        #expect(all[2].allSatisfy { $0.tokens.allSatisfy(\.top.isEmpty) })
    }

    @Test("Unless they are asked for, there are none")
    func notAskedFor() throws {
        let (pieces, _) = try pieces(try model.makeSession(), GenerationOptions(maxTokens: 5))
        #expect(pieces.count == 5 && pieces.allSatisfy(\.tokens.isEmpty))
    }

    @Test("Messages have them, too")
    func messages() throws {
        let model = try Model(path: try ConvertedModels.pathWithTemplate("tiny-en", .q4), options: Model.Options(threads: 1))
        let session = try model.makeSession()
        var pieces: [AnswerPiece] = []
        let messages: [Message] = [.user("Who was Moses?")]
        _ = try session.generatePieces(messages: messages, options: GenerationOptions(maxTokens: 5, logprobs: 1)) {
            pieces.append($0)
            return true
        }
        let tokens = pieces.flatMap(\.tokens)
        #expect(!tokens.isEmpty && tokens.allSatisfy { $0.top.map(\.token) == [$0.token] && $0.logprob == $0.top[0].logprob })
        #expect(session.memory.recent.oldestFirst.suffix(tokens.count) == tokens.map(\.token)[...])
    }

    @Test("A stream has the same pieces", arguments: variants)
    func streamed(options: GenerationOptions) async throws {
        let expected = try pieces(try model.makeSession(), options).pieces
        let session = try model.makeSession()
        let stream = session.stream(Self.prompt, options: options)
        var streamed: [AnswerPiece] = []
        for try await piece in stream.pieces { streamed.append(piece) }
        #expect(streamed == expected)
        #expect(stream.result?.generatedTokens ?? 0 > 0)
        var texts: [String] = []
        for try await text in try model.makeSession().stream(Self.prompt, options: options) { texts.append(text) }
        #expect(texts == expected.map(\.text))
    }

    @Test("More tokens without text than are held back come without it, and memory doesn't grow with them")
    func withoutText() async throws {
        // The padding adds nothing to a text.
        let pad = try #require(model.tokenizer.pad)
        let sampling = Sampling(logitBias: [pad: 1000])
        let options = GenerationOptions(sampling: sampling, maxTokens: 2500, logprobs: 0)
        let session = try model.makeSession()
        let start = try newSession().position
        let (pieces, result) = try pieces(session, options)
        #expect(result.finish == .length && result.generatedTokens == 2500)
        #expect(pieces.map(\.text) == ["", ""] && pieces.map(\.tokens.count) == [1025, 1025])
        #expect(session.position == start + 2050)
        // No text, so nothing for those who want that alone.
        _ = try model.makeSession().generate(Self.prompt, options: options) { _ in
            Issue.record("there is no text")
            return true
        }
        for try await _ in try model.makeSession().stream(Self.prompt, options: options) { Issue.record("there is no text") }
        // Stopped there, it stays there.
        let stopped = try model.makeSession()
        #expect(try self.pieces(stopped, options, limit: 1).result.finish == .cancelled)
        #expect(stopped.position == start + 1025)
    }

    @Test("A session tells the same of any token")
    func session() throws {
        let session = try newSession()
        let expected = try logprobs(session)
        for token in [0, 277, 2047] as [UInt32] {
            let found = try session.logprobs(of: token, top: 20)
            #expect(found.token == token && found.top.count == 20)
            #expect(abs(found.logprob - expected[Int(token)]) <= 1e-6 * max(1, -found.logprob))
        }
        #expect(try session.logprobs(of: 5).top.isEmpty)
        func refusal(_ session: Session, _ token: UInt32, _ top: Int) -> String {
            do throws(ModelError) {
                _ = try session.logprobs(of: token, top: top)
                return ""
            } catch {
                return error.kind == .argument ? error.description : ""
            }
        }
        #expect(refusal(session, 2048, 0).contains("token 2048 is outside the vocabulary of 2048"))
        #expect(refusal(session, 5, 21).contains("21"))
        #expect(refusal(session, 5, -1).contains("-1"))
        #expect(refusal(try model.makeSession(), 5, 0).contains("before the first token"))
    }

    @Test("They are log softmax of Hugging Face's logits", arguments: Fixtures.oracleNames)
    func reference(name: String) throws {
        let model = try Model(path: try ConvertedModels.path(name, .f32), options: Model.Options(threads: 1))
        for length in Fixtures.oraclePromptLengths {
            let session = try model.makeSession()
            try session.feed(try Fixtures.oracleArray(name, "tokens_\(length)").integers.map { UInt32($0) })
            let logits = try Fixtures.oracleArray(name, "logits_\(length)").floats.suffix(model.configuration.vocabularySize)
            let sum = log(logits.reduce(0.0) { $0 + exp(Double($1)) })
            let expected = logits.map { Double($0) - sum }
            for token in 0..<UInt32(expected.count) {
                let found = try session.logprobs(of: token, top: token == 0 ? 20 : 0)
                #expect(abs(Double(found.logprob) - expected[Int(token)]) < 2e-4)
                // Two that are as likely as each other may have changed places.
                for (likely, value) in zip(found.top, expected.sorted(by: >)) {
                    #expect(abs(Double(likely.logprob) - value) < 2e-4)
                }
            }
        }
    }

    @Test("Options that name no token, or leave none, are refused, and nothing is consumed")
    func refusals() throws {
        func refusal(_ body: () throws -> Void) -> ModelError? {
            do {
                try body()
                return nil
            } catch {
                return error as? ModelError
            }
        }
        let session = try newSession(), before = session.serialized()
        let outside = Sampling(logitBias: [2048: 1, 5: 1, .max: 1])
        let errors = [
            refusal { _ = try session.sample(outside) },
            refusal { _ = try session.generate("And", options: GenerationOptions(sampling: outside)) { _ in true } },
            refusal {
                _ = try session.generate(messages: [.user("x")], options: GenerationOptions(sampling: outside)) { _ in true }
            },
        ]
        for error in errors {
            #expect(error?.kind == .argument && error?.description.contains("token 2048, outside the vocabulary of 2048") == true)
        }
        for logprobs in [-1, 21] {
            let error = refusal { _ = try session.generate("And", options: GenerationOptions(logprobs: logprobs)) { _ in true } }
            #expect(error?.kind == .argument && error?.description.contains("logarithms of \(logprobs)") == true)
        }
        let none = Sampling(logitBias: Dictionary(uniqueKeysWithValues: (0..<2048).map { (UInt32($0), -Float.infinity) }))
        let error = refusal { _ = try session.sample(none) }
        #expect(error?.kind == .argument && error?.description.contains("no token to choose") == true)
        #expect(session.serialized() == before)
    }
}
