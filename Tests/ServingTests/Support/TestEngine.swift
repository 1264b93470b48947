import Glibc
import ModelTestSupport
import RGEdge
import System
import Text

@testable import Serving

/// An engine with the small English model, and what a client does with it.
final class TestEngine {
    let engine: Engine
    private var number: UInt64 = 0

    init(parallel: Int = 1, snapshotBytes: Int = 64 << 20, folder: String? = nil, queueLimit: Int = 64, threads: Int = 1) throws {
        let model = try Model(path: try ConvertedModels.pathWithTemplate("tiny-en", .q4), options: Model.Options(threads: threads))
        let files = try folder.map { try SessionFiles(folder: $0, limit: 1 << 30, model: model, report: { _ in }) }
        engine = try Engine(model, parallel: parallel, queueLimit: queueLimit, snapshotBytes: snapshotBytes, files: files)
        try engine.start()
    }

    deinit { engine.stop() }

    func request(
        _ messages: [Message], seed: UInt64 = 1, tokens: Int = 24, count: Int = 1, owner: Owner = .everybody,
        fingerprint: UInt64? = nil, stop: [String] = [], cut: Int = 0
    ) throws -> AnswerRequest {
        number += 1
        var sampling = Fields.usualSampling
        sampling.seed = seed
        return AnswerRequest(
            prompts: [.init(tokens: try engine.model.encode(messages), cut: cut, source: .conversation(messages))],
            options: GenerationOptions(sampling: sampling, maxTokens: tokens, stop: stop), count: count, hasSeed: true,
            owner: owner,
            fingerprint: fingerprint ?? number, isRetry: false)
    }

    func submit(_ request: AnswerRequest, _ sink: CollectingSink = CollectingSink()) throws -> CollectingSink {
        try engine.submit(Job(request, sink: sink)) {}
        return sink
    }

    /// The answer to a conversation, once what follows it is kept, too.
    func answer(
        _ messages: [Message], seed: UInt64 = 1, tokens: Int = 24, owner: Owner = .everybody
    ) throws -> (text: String, totals: Totals) {
        let state = try submit(try request(messages, seed: seed, tokens: tokens, owner: owner)).wait()
        waitUntilIdle()
        if let error = state.error { throw error }
        return (state.texts[0] ?? "", state.totals ?? Totals())
    }

    func waitUntilIdle() {
        let watch = Stopwatch()
        while !engine.isIdle, watch.seconds < 60 { usleep(500) }
    }
}
