import ModelTestSupport
import TestSupport
import Testing
import Text

@testable import RGEdge

/// What the penalties see: the last tokens that a session has consumed, wherever they came from.
@Suite("What penalties look back to")
struct RepetitionTests {
    private let model: Model
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        model = try Model(path: try ConvertedModels.pathWithTemplate("tiny-en", .q4), options: Model.Options(threads: 1))
    }

    /// What is chosen after `tokens`, from the definition.
    private func expected(_ session: Session, _ tokens: [UInt32], _ sampling: Sampling) throws -> UInt32 {
        var logits = Array(try #require(session.logits))
        for token in Set(tokens.suffix(sampling.repetitionWindow)) {
            let logit = logits[Int(token)]
            logits[Int(token)] = logit > 0 ? logit / sampling.repetitionPenalty : logit * sampling.repetitionPenalty
            logits[Int(token)] -= sampling.presencePenalty
        }
        for token in tokens.suffix(sampling.repetitionWindow) { logits[Int(token)] -= sampling.frequencyPenalty }
        return UInt32(try #require(logits.indices.max { logits[$0] < logits[$1] }))
    }

    /// Compares the choice for windows of all sizes; `tokens` are those of the session.
    private func check(_ session: Session, _ tokens: [UInt32], _ what: Comment) throws {
        #expect(session.position == tokens.count, what)
        var choices: Set<UInt32> = []
        for window in [0, 1, 5, 64, 200, Sampling.repetitionWindowLimit] {
            // These make what was there likelier, so that the choice shows what they see. Sums of whole numbers and halves are exact
            // enough in any order.
            for sampling in [
                Sampling(repetitionPenalty: 0.05, repetitionWindow: window),
                Sampling(presencePenalty: -20, repetitionWindow: window),
                Sampling(frequencyPenalty: -0.5, repetitionWindow: window),
            ] {
                let token = try session.sample(sampling)
                #expect(token == (try expected(session, tokens, sampling)), "\(what), window \(window)")
                choices.insert(token)
            }
        }
        #expect(choices.count > 1, what)
    }

    @Test("It looks back to prompts, fed tokens and answers alike, in sessions of every origin")
    func window() throws {
        let prompt = String(repeating: "And God said, Let there be light: and there was light. ", count: 20)
        let start = [model.configuration.bos] + (try model.encode(prompt))
        #expect(start.count > 200)

        let fed = try model.makeSession()
        try fed.feed(start)
        try check(fed, start, "fed")

        let cache = try PromptCache(folder: folder.file("cache"), limit: 1 << 30, model: model)
        for isCached in [false, true] {
            let prompted = try model.makeSession()
            let options = GenerationOptions(maxTokens: 0, cache: cache)
            let result = try prompted.generate(prompt, options: options) { _ in true }
            #expect((result.reusedTokens > 200) == isCached)
            try check(prompted, start, isCached ? "from the cache" : "prompted")
        }
        try check(try model.session(deserializing: fed.serialized().span.bytes), start, "restored")
        try check(try fed.fork(), start, "forked")
        let snapshot = try fed.snapshot()
        try fed.feed([900, 901, 902])
        try check(fed, start + [900, 901, 902], "fed more")
        try fed.restore(snapshot)
        try check(fed, start, "rewound")
    }

    @Test("It counts the marks of a chat's template, and what was guessed only once it was chosen", arguments: [0, 8])
    func chat(lookup: Int) throws {
        let session = try model.makeSession()
        var text = ""
        let options = GenerationOptions(maxTokens: 12, asChatTurn: true, lookup: lookup)
        _ = try session.generate("light and light and light", options: options) {
            text += $0
            return true
        }
        let turn = "<start_of_turn>user\nlight and light and light<end_of_turn>\n<start_of_turn>model\n"
        try check(session, [model.configuration.bos] + model.encode(turn + text, controls: .parsed), "a chat")
    }
}
