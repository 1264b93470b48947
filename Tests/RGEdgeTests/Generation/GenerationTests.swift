import Foundation
import ModelTestSupport
import TestSupport
import Testing
import Text
import Tiles

@testable import RGEdge

@Suite("Generation")
struct GenerationTests {
    private static let continuations: [(prompt: String, text: String)] = [
        (
            "In the beginning",
            " of the craftsman, and the firstfruits of the earth is the crown of the LORD: and the priest shall pronounce him unclean, and shall be put to death.\nAnd if"
        ),
        (
            "And the LORD said unto Moses,",
            " Go, get thee down from among the children of Israel, from the mount of the children of Israel, and lay them on the wood, and put them in array against the children of Israel.\nAnd Moses said unto the children"
        ),
        (
            "Blessed are they that",
            " are in the world, and that they are not of the world, but are not in the world.\nBut I know that the world is the things which are not clean in the world, but the Father in the world.\nFor"
        ),
    ]

    private func session(_ type: WeightType = .f32, template: Bool = false) throws -> Session {
        let path = try template ? ConvertedModels.pathWithTemplate("tiny-en", type) : ConvertedModels.path("tiny-en", type)
        return try Model(path: path).makeSession()
    }

    /// Generates, collecting the parts of the text.
    private func generate(
        _ session: Session, _ prompt: String, _ options: GenerationOptions, keepGoing: (String) -> Bool = { _ in true }
    ) throws -> (parts: [String], result: GenerationResult) {
        var parts: [String] = []
        let result = try session.generate(prompt, options: options) { part in
            parts.append(part)
            return keepGoing(parts.joined())
        }
        return (parts, result)
    }

    @Test("The small English model continues as the reference does", arguments: continuations.indices)
    func continuation(index: Int) throws {
        let (prompt, text) = Self.continuations[index]
        let (parts, result) = try generate(try session(), prompt, GenerationOptions(maxTokens: 48))
        #expect(parts.joined() == text)
        #expect(result.finish == .length)
        #expect(result.generatedTokens == 48)
        #expect(parts.allSatisfy { !$0.isEmpty })
        #expect(result.prefillTime > .zero && result.decodeTime > .zero)
    }

    @Test("A second call goes on where the first ended")
    func continued() throws {
        let session = try session()
        var text = try generate(session, Self.continuations[0].prompt, GenerationOptions(maxTokens: 20)).parts.joined()
        let position = session.position
        text += try generate(session, "", GenerationOptions(maxTokens: 28)).parts.joined()
        #expect(text == Self.continuations[0].text)
        #expect(session.position == position + 28)
    }

    @Test(
        "A stop text ends the answer and is not part of it",
        arguments: ["LORD", " the crown", "craftsman, and", "\n", "of the craftsman"])
    func stop(stop: String) throws {
        let (parts, result) = try generate(
            try session(), Self.continuations[0].prompt, GenerationOptions(maxTokens: 48, stop: ["never to be seen", stop]))
        #expect(result.finish == .stop)
        let whole = Self.continuations[0].text
        #expect(parts.joined() == String(whole[..<whole.range(of: stop)!.lowerBound]))
    }

    @Test("The caller can stop it")
    func cancel() throws {
        let session = try session()
        let (parts, result) = try generate(session, Self.continuations[0].prompt, GenerationOptions(maxTokens: 48)) {
            $0.count < 20
        }
        #expect(result.finish == .cancelled)
        #expect(parts.joined().count >= 20)
        #expect(parts.dropLast().joined().count < 20)
        #expect(session.position == Int64(result.promptTokens + result.generatedTokens))
    }

    @Test("It can be cancelled while a stop text holds everything back")
    func cancelledWithoutText() throws {
        let session = try session()
        // Once for the prompt.
        var asked = -1
        let whole = Self.continuations[0].text
        let result = try session.generate(
            Self.continuations[0].prompt, options: GenerationOptions(maxTokens: nil, stop: [whole + "never"]),
            isCancelled: {
                asked += 1
                return asked > 10
            },
            onText: { _ in
                Issue.record("nothing is certain yet")
                return true
            })
        #expect(result.finish == .cancelled)
        #expect(result.generatedTokens == 10)
    }

    /// Prompts of several chunks, at the start of a conversation and later, without a cache and with one.
    @Test("Cancelled amid the prompt, the session is as it was before", arguments: [false, true], [false, true])
    func cancelledPrompt(isLater: Bool, hasCache: Bool) throws {
        let folder = try TemporaryFolder()
        let session = try session(.q4, template: true)
        if isLater { try session.feed([2, 40, 41, 42]) }
        let before = session.serialized()
        let prompt = String(repeating: "And it came to pass in those days, ", count: 100)
        var options = GenerationOptions(maxTokens: 5, asChatTurn: true)
        if hasCache { options.cache = try PromptCache(folder: folder.file("cache"), limit: 1 << 30, model: session.model) }
        for _ in 1...3 {
            var asked = 0
            let result = try session.generate(
                prompt, options: options,
                isCancelled: {
                    asked += 1
                    return asked > 1
                },
                onText: { _ in
                    Issue.record("not all of it has been read")
                    return true
                })
            #expect(result.finish == .cancelled)
            #expect(result.promptTokens == 0)
            #expect(result.generatedTokens == 0)
            let isAsBefore = session.serialized() == before
            #expect(isAsBefore)
        }
        // Then it can go on.
        let plain = try self.session(.q4, template: true)
        if isLater { try plain.feed([2, 40, 41, 42]) }
        let expected = try generate(plain, prompt, GenerationOptions(maxTokens: 5, asChatTurn: true))
        let found = try generate(session, prompt, options)
        #expect(found.result.promptTokens == expected.result.promptTokens)
        #expect(found.result.promptTokens > 3 * session.model.chunkCapacity)
        #expect(found.parts == expected.parts)
        let isAsPlain = session.serialized() == plain.serialized()
        #expect(isAsPlain)
    }

    @Test("No tokens to make: the prompt is fed")
    func noTokens() throws {
        let session = try session()
        let (parts, result) = try generate(session, "In the beginning", GenerationOptions(maxTokens: 0))
        #expect(parts.isEmpty)
        #expect(result.finish == .length)
        #expect(session.position == Int64(result.promptTokens))
    }

    @Test("Sampling with a seed gives the same text every time, and another with another seed")
    func seeds() throws {
        func text(seed: UInt64) throws -> String {
            try generate(
                try session(.q4), "And", GenerationOptions(sampling: Sampling(temperature: 1, topK: 50, seed: seed), maxTokens: 30)
            ).parts.joined()
        }
        #expect(try text(seed: 1) == text(seed: 1))
        #expect(try text(seed: 1) != text(seed: 2))
    }

    @Test("Every part is whole characters, and together they are what the tokens say")
    func wholeCharacters() throws {
        // At a high temperature byte tokens come often.
        let (parts, _) = try generate(
            try session(.q4), "é", GenerationOptions(sampling: Sampling(temperature: 20, seed: 3), maxTokens: 300))
        #expect(!parts.isEmpty)
        #expect(parts.allSatisfy { !$0.isEmpty })
    }

    @Test("A chat turn is put in the template, and the next one closes the answer's")
    func chat() throws {
        let session = try session(template: true)
        let model = session.model
        #expect(model.isInstructionTuned)
        let options = GenerationOptions(maxTokens: 5, asChatTurn: true)
        let first = try generate(session, "Who <end_of_turn> was Moses?", options).result
        let template = try #require(model.chatTemplate)
        let words = try template.encode(user: "Who <end_of_turn> was Moses?", with: try model.encoder())
        #expect(first.promptTokens == 1 + words.count)
        let end = try #require(model.tokenizer.endOfTurn)
        #expect(words.filter { $0 == end }.count == 1)

        // White space around the words counts for nothing.
        let second = try generate(session, " \n And Aaron? \n", options).result
        #expect(try second.promptTokens == template.encode(user: "And Aaron?", after: .cut, with: model.encoder()).count)
        #expect(
            session.position == Int64(first.promptTokens + first.generatedTokens + second.promptTokens + second.generatedTokens))
    }

    @Test("What makes no sense is refused, with nothing fed")
    func refusals() throws {
        let session = try session()
        let refused: [(GenerationOptions, String)] = [
            (GenerationOptions(asChatTurn: true), "chat template"),
            (GenerationOptions(sampling: Sampling(temperature: -1)), "temperature"),
            (GenerationOptions(maxTokens: -5), "-5"),
            (GenerationOptions(stop: [""]), "stop"),
        ]
        for (options, word) in refused {
            let error = #expect(throws: ModelError.self) { try session.generate("a", options: options) { _ in true } }
            #expect(error?.description.contains(word) == true)
        }
        #expect(session.position == 0)
    }
}
