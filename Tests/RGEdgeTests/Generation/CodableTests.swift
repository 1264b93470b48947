import Foundation
import ModelTestSupport
import TestSupport
import Testing

@testable import RGEdge

/// Options and results in JSON.
@Suite("Codable options and results")
struct CodableTests {
    private func decode<Value: Decodable>(_ text: String) throws -> Value {
        try JSONDecoder().decode(Value.self, from: Data(text.utf8))
    }

    private func roundTrip<Value: Codable>(_ value: Value) throws -> Value {
        try JSONDecoder().decode(Value.self, from: JSONEncoder().encode(value))
    }

    @Test("They come back as they were")
    func roundTrips() throws {
        let sampling = Sampling(
            temperature: 0.7, topK: 40, topP: 0.9, minP: 0.05, repetitionPenalty: 1.1, presencePenalty: 0.25,
            frequencyPenalty: -0.5,
            repetitionWindow: 128, logitBias: [0: 1.5, 7: -.infinity, .max: -100], seed: .max)
        #expect(try roundTrip(sampling) == sampling)
        for maxTokens in [nil, 0, 20] {
            let options = GenerationOptions(
                sampling: sampling, maxTokens: maxTokens, stop: ["a", "b"], asChatTurn: true, lookup: 8, logprobs: maxTokens)
            #expect(try roundTrip(options) == options)
        }
        for residency in [Residency.auto, .all, .mapped, .bytes(0), .bytes(.max)] {
            let options = Model.Options(
                threads: 3, kernels: "scalar", verify: true, preload: true, lockMemory: true, guardFile: true, residency: residency,
                latency: .milliseconds(70))
            #expect(try roundTrip(options) == options)
        }
        #expect(try roundTrip(Model.Options()) == Model.Options())
        let result = GenerationResult(
            finish: .stop, promptTokens: 1, reusedTokens: 2, generatedTokens: 3, forcedTokens: 3, draftedTokens: 4,
            acceptedTokens: 5,
            prefillTime: .nanoseconds(6), decodeTime: .seconds(7))
        #expect(try roundTrip(result) == result)
        let piece = AnswerPiece(
            text: " of", tokens: [AnswerToken(token: 277, logprob: -0.5, top: [TokenLogprob(token: 5, logprob: -0.25)])])
        #expect(try roundTrip(piece) == piece)
    }

    @Test("What is missing is as by default")
    func defaults() throws {
        #expect(try decode("{}") == Sampling())
        #expect(try decode("{}") == GenerationOptions())
        #expect(try decode("{}") == Model.Options())
        #expect(
            try decode(#"{"sampling": {"temperature": 1}, "maxTokens": null}"#)
                == GenerationOptions(sampling: Sampling(temperature: 1), maxTokens: nil))
        #expect(
            try decode(#"{"logitBias": {"5": -1, "6": false}}"#) == Sampling(logitBias: [5: -1, 6: -.infinity]))
        #expect(try decode(#"{"residency": 800000000}"#) == Model.Options(residency: .bytes(800_000_000)))
        #expect(try decode(#"{"residency": "mapped"}"#) == Model.Options(residency: .mapped))
        #expect(try decode(#"{"latency": 0.07}"#) == Model.Options(latency: .milliseconds(70)))
    }

    @Test(
        "What makes no sense is an error that names it",
        arguments: [
            (#"{"sampling": {"topP": 0}}"#, "top-p"), (#"{"maxTokens": -1}"#, "number of tokens"), (#"{"stop": [""]}"#, "stop"),
            (#"{"lookup": 65}"#, "ahead"), (#"{"logprobs": 21}"#, "21"),
            (#"{"sampling": {"logitBias": {"5": true}}}"#, "true"), (#"{"sampling": {"logitBias": {"-5": 1}}}"#, "-5"),
            (#"{"sampling": {"logitBias": {"4294967296": 1}}}"#, "4294967296"),
        ])
    func senseless(text: String, clause: String) throws {
        let error = #expect(throws: DecodingError.self) { try decode(text) as GenerationOptions }
        guard case .dataCorrupted(let context) = error else { return #expect(Bool(false), "\(String(describing: error))") }
        #expect(context.debugDescription.contains(clause))
    }

    @Test("Residency is a name that is known, or a number of bytes", arguments: ["\"some\"", "-1", "1.5", "{}"])
    func residency(text: String) {
        #expect(throws: DecodingError.self) { try decode("{\"residency\": \(text), \"verify\": true}") as Model.Options }
    }

    @Test("A time that is no time is an error, and traps nowhere", arguments: ["-1", "1e300", "\"1\""])
    func time(text: String) {
        #expect(throws: DecodingError.self) { try decode("{\"latency\": \(text)}") as Model.Options }
    }

    @Test("A prompt cache is compared, and not encoded")
    func cache() throws {
        let folder = try TemporaryFolder()
        let model = try Model(path: try ConvertedModels.path("alpha", .q8))
        let cache = try PromptCache(folder: folder.file("cache"), limit: 1 << 20, model: model)
        let options = GenerationOptions(cache: cache)
        #expect(options == GenerationOptions(cache: cache) && options != GenerationOptions())
        #expect(try roundTrip(options) == GenerationOptions())
        #expect(Set([options, GenerationOptions(), GenerationOptions(cache: cache)]).count == 2)
    }
}
