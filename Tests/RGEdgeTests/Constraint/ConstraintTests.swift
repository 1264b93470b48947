import JSON
import ModelTestSupport
import TestSupport
import Testing
import Tiles

@testable import RGEdge

@Suite("Answers under a constraint")
struct ConstraintTests {
    static let schema = """
        {"type": "object", "additionalProperties": false, "required": ["name", "age", "is_member", "colours"], "properties": {
          "name": {"type": "string", "maxLength": 20}, "age": {"type": "integer", "minimum": 0, "maximum": 130},
          "is_member": {"type": "boolean"},
          "colours": {"type": "array", "maxItems": 3, "items": {"enum": ["red", "green", "dark blue"]}}}}
        """
    static let forms: [Constraint.Form] = [
        .jsonSchema(schema), .json, .regex("(the|a) [a-z]{2,9}( [A-Z][a-z]*){1,3}\\."),
        .choices(["yes", "no", "perhaps", "perhaps not"]),
        .gbnf("root ::= line{2,4}\nline ::= [A-Z] [a-z, ]{3,20} \"\\n\""),
    ]

    private func model(_ type: WeightType = .q8, threads: Int = 2) throws -> Model {
        try Model(path: try ConvertedModels.path("tiny-en", type), options: Model.Options(threads: threads))
    }

    /// An answer as it is made without any of what makes it fast: all logits after each token, of which those of tokens that may not
    /// come are left out.
    private func plainAnswer(
        _ session: Session, _ prompt: String, _ options: GenerationOptions
    ) throws -> (text: String, finish: Finish, tokens: [UInt32]) {
        let constraint = try #require(options.constraint), model = session.model, configuration = model.configuration
        try session.feed([configuration.bos] + model.encode(prompt))
        var matcher = constraint.masks.grammar.matcher(), tokens: [UInt32] = []
        while tokens.count < options.maxTokens ?? .max {
            let mask = constraint.masks.mask(for: matcher)
            let logits = try #require(session.logits)
            var masked = Array(logits)
            for token in masked.indices where !mask.allows(UInt32(token)) { masked[token] = -.infinity }
            let token = try #require(
                session.sampler.next(masked, recent: session.recent, position: session.position, options.sampling))
            if token == configuration.eos || token == configuration.endOfTurn {
                return (String(decoding: model.tokenizer.decode(tokens), as: UTF8.self), .end, tokens)
            }
            tokens.append(token)
            model.tokenizer.forEachByte(of: token) { matcher.advance($0) }
            try session.feed([token])
        }
        return (String(decoding: model.tokenizer.decode(tokens), as: UTF8.self), .length, tokens)
    }

    @Test(
        "The tokens and the state are those of masking all logits, to the bit", arguments: forms,
        [
            GenerationOptions(), GenerationOptions(sampling: Sampling(temperature: 1.5, seed: 3)),
            GenerationOptions(sampling: Sampling(temperature: 1, topK: 30, topP: 0.9, repetitionPenalty: 1.3, seed: 5), lookup: 8),
        ])
    func sameBits(form: Constraint.Form, options: GenerationOptions) throws {
        for type in [WeightType.q8, .q4] {
            let model = try model(type), constraint = try model.constraint(form)
            for seed in 1...4 {
                var options = options
                options.constraint = constraint
                options.maxTokens = seed == 4 ? 9 : 120
                options.sampling.seed = UInt64(seed)
                let plain = try model.makeSession(), fast = try model.makeSession()
                let expected = try plainAnswer(plain, "In the beginning", options)
                var text = ""
                let result = try fast.generate("In the beginning", options: options) {
                    text += $0
                    return true
                }
                #expect(Array(expected.text.utf8).starts(with: text.utf8))
                #expect(result.finish == expected.finish)
                #expect(result.generatedTokens == expected.tokens.count)
                guard fast.position == plain.position else {
                    // Half a character at the end was taken back.
                    #expect(result.finish == .length && fast.position < plain.position)
                    continue
                }
                #expect(Array(try #require(fast.logits)) == Array(try #require(plain.logits)))
                fast.memory.constrain(nil)
                #expect(fast.serialized() == plain.serialized())
            }
        }
    }

    @Test("What must come is fed in one pass, without the head")
    func forced() throws {
        let model = try model(), session = try model.makeSession()
        let sentence = "The quick brown fox jumps over the lazy dog, and then it goes home to sleep."
        let constraint = try model.constraint(.choices([sentence])), before = model.passCounts
        var text = ""
        let result = try session.generate("Say it:", options: GenerationOptions(constraint: constraint)) {
            text += $0
            return true
        }
        #expect(text == sentence && result.finish == .end)
        #expect(result.forcedTokens == result.generatedTokens && result.generatedTokens > 20)
        // The prompt's, and one per 17 tokens.
        let passes = model.passCounts.passes - before.passes
        #expect(passes <= 1 + (result.generatedTokens + 16) / 17 + 1, "\(passes) passes")
        // As SentencePiece would have written it.
        #expect(session.recent.oldestFirst.suffix(result.generatedTokens) == ArraySlice(try model.encode(sentence)))
    }

    @Test("An answer cut short goes on where it was: in the session, a fork, a snapshot, and a file", arguments: [1, 5, 11, 23])
    func goesOn(after count: Int) throws {
        let model = try model(), constraint = try model.constraint(.jsonSchema(Self.schema))
        var options = GenerationOptions(sampling: Sampling(temperature: 1.2, seed: 8), maxTokens: 200, constraint: constraint)
        func answer(_ session: Session, _ prompt: String) throws -> String {
            var text = ""
            _ = try session.generate(prompt, options: options) {
                text += $0
                return true
            }
            return text
        }
        let whole = try answer(try model.makeSession(), "Write:")
        #expect(throws: Never.self) { _ = try JSONValue(parsing: Array(whole.utf8)) }
        options.maxTokens = count
        let session = try model.makeSession()
        let start = try answer(session, "Write:")
        #expect(session.constraint === constraint)
        options.maxTokens = 200
        let fork = try session.fork(), snapshot = try session.snapshot(), bytes = session.serialized()
        let saved = try model.session(deserializing: bytes.span.bytes)
        #expect(saved.serialized() == bytes)
        // A constraint of another object that says the same.
        let first = try answer(session, "")
        #expect(start + first == whole)
        #expect(session.constraint == nil)
        try session.restore(snapshot)
        #expect(start + (try answer(session, "")) == whole)
        #expect(start + (try answer(fork, "")) == whole)
        options.constraint = try model.constraint(.jsonSchema(Self.schema))
        #expect(start + (try answer(saved, "")) == whole)
        // Another one begins anew.
        options.constraint = try model.constraint(.choices(["yes"]))
        #expect(try answer(try model.session(deserializing: bytes.span.bytes), "") == "yes")
    }

    @Test("A fork in the midst of an answer has all logits, and goes on alike")
    func forkWithin() throws {
        let model = try model(), constraint = try model.constraint(.jsonSchema(Self.schema)), session = try model.makeSession()
        let options = GenerationOptions(sampling: Sampling(temperature: 1, seed: 2), constraint: constraint)
        var whole = "", parts: [(start: String, fork: Session)] = []
        _ = try session.generate("Write:", options: options) {
            whole += $0
            if whole.count % 7 == 0, let fork = try? session.fork() { parts.append((whole, fork)) }
            return true
        }
        #expect(!parts.isEmpty)
        for (_, fork) in parts {
            #expect(fork.logits?.allSatisfy { $0.isFinite && $0.magnitude <= 30 } == true)
            #expect(fork.constraint === constraint)
        }
    }

    @Test("A program that chooses tokens itself gets only what may come, and can't feed anything else")
    func byHand() throws {
        let model = try model(), session = try model.makeSession(), constraint = try model.constraint(.regex("[0-9]{3,5}"))
        try session.feed([model.configuration.bos] + model.encode("My number is"))
        try session.constrain(by: constraint)
        let word = try model.encode("word")
        let before = session.serialized()
        #expect { try session.feed(word) } throws: { ($0 as? ModelError)?.description.contains("may not come") == true }
        #expect(session.serialized() == before)
        var tokens: [UInt32] = []
        while session.constraint != nil {
            let token = try session.sample(Sampling(temperature: 1.5, seed: 3))
            try session.feed([token])
            tokens.append(token)
        }
        let text = String(decoding: model.tokenizer.decode(tokens), as: UTF8.self)
        #expect((3...5).contains(text.count) && text.allSatisfy(\.isNumber))
        // After its end anything may come.
        try session.feed(word)
        try session.constrain(by: constraint)
        try session.constrain(by: nil)
        try session.feed(word)
    }

    @Test(
        "A wrong form says what is wrong, and where",
        arguments: [
            (Constraint.Form.jsonSchema("{\"type\": 1}"), "the JSON schema: #/type"), (.jsonSchema("{"), "the JSON schema: line 1"),
            (.gbnf("root ::= other"), "the grammar: "), (.regex("(a"), "the regular expression: "),
            (.choices([]), "the list of choices: "),
        ])
    func wrongForms(form: Constraint.Form, words: String) throws {
        let model = try model()
        #expect { _ = try model.constraint(form) } throws: {
            guard let error = $0 as? ModelError else { return false }
            return error.kind == .argument && error.description.hasPrefix(words)
        }
    }

    @Test("A constraint of another model is refused")
    func otherModel() throws {
        let constraint = try model(.q8).constraint(.json), session = try model(.q4).makeSession()
        #expect { _ = try session.generate("x", options: GenerationOptions(constraint: constraint)) { _ in true } } throws: {
            ($0 as? ModelError)?.kind == .mismatch
        }
        #expect { try session.constrain(by: constraint) } throws: { ($0 as? ModelError)?.kind == .mismatch }
        #expect(session.position == 0)
    }

    @Test("An answer without a constraint is free, also after one that was cut short")
    func freeAgain() throws {
        let model = try model(), session = try model.makeSession(), constraint = try model.constraint(.jsonSchema(Self.schema))
        _ = try session.generate("x", options: GenerationOptions(maxTokens: 3, constraint: constraint)) { _ in true }
        #expect(session.constraint != nil)
        var options = GenerationOptions(maxTokens: 12)
        var text = ""
        _ = try session.generate("And God said", options: options) {
            text += $0
            return true
        }
        #expect(session.constraint == nil && !text.contains("\""))
        // One that is stopped within its prompt changes nothing.
        options.constraint = constraint
        _ = try session.generate("x", options: GenerationOptions(maxTokens: 3, constraint: constraint)) { _ in true }
        let before = session.serialized()
        _ = try session.generate("And God said", options: options, isCancelled: { true }) { _ in true }
        #expect(session.serialized() == before && session.constraint === constraint)
    }

    @Test("Sessions under constraints, side by side in common passes, say what each says alone")
    func together() async throws {
        let model = try model(threads: 2), constraints = try Self.forms.map { try model.constraint($0) }
        @Sendable func answer(_ number: Int) throws -> String {
            let session = try model.makeSession()
            var text = ""
            let options = GenerationOptions(
                sampling: Sampling(temperature: 1, seed: UInt64(number)), maxTokens: 60,
                constraint: constraints[number % constraints.count])
            _ = try session.generate("Number \(number):", options: options) {
                text += $0
                return true
            }
            return text
        }
        let alone = try (0..<10).map(answer)
        let results = try await withThrowingTaskGroup(of: (Int, String).self) { group in
            for number in alone.indices { group.addTask { (number, try answer(number)) } }
            return try await group.reduce(into: alone.map { _ in "" }) { $0[$1.0] = $1.1 }
        }
        #expect(results == alone)
    }
}

/// What must not be mixed up, or lost.
extension ConstraintTests {
    private func answer(_ session: Session, _ prompt: String, _ options: GenerationOptions) throws -> String {
        var text = ""
        _ = try session.generate(prompt, options: options) {
            text += $0
            return true
        }
        return text
    }

    @Test("Another conversation of the same length begins its answer anew")
    func otherConversation() throws {
        let model = try Model(path: try ConvertedModels.pathWithTemplate("tiny-en", .q8)), session = try model.makeSession()
        let constraint = try model.constraint(.regex("[0-9]{8}"))
        var options = GenerationOptions(sampling: Sampling(temperature: 1, seed: 2), maxTokens: 3, constraint: constraint)
        func answer(_ question: String) throws -> String {
            var text = ""
            _ = try session.generate(messages: [.user(question)], options: options) {
                text += $0
                return true
            }
            return text
        }
        _ = try answer("Aa?")
        let position = session.position
        // Questions until one has as many tokens as the first one and its answer.
        for count in 1...40 {
            options.maxTokens = 100
            let question = String(repeating: "b", count: count)
            if try model.encode([Message.user(question)]).count == Int(position) {
                #expect(try answer(question).count == 8)
                return
            }
        }
        // Where there is none, nothing can be mixed up.
    }

    @Test("After an answer that failed, what another constraint wants is computed")
    func afterFailure() throws {
        let model = try model(), session = try model.makeSession(), plain = try model.makeSession()
        let digits = try model.constraint(.regex("[0-9]{30}")), words = try model.constraint(.regex("[a-z ]{30}"))
        var bias: [UInt32: Float] = [:]
        for token in 0..<UInt32(model.configuration.vocabularySize) { bias[token] = -.infinity }
        _ = try answer(session, "One:", GenerationOptions(maxTokens: 4, constraint: digits))
        let tokens = session.recent.oldestFirst
        try plain.feed(tokens)
        #expect(throws: ModelError.self) {
            try answer(session, "", GenerationOptions(sampling: Sampling(logitBias: bias), maxTokens: 4, constraint: digits))
        }
        #expect(Array(try #require(session.logits)) == Array(try #require(plain.logits)))
        let options = GenerationOptions(maxTokens: 12, constraint: words)
        #expect(try answer(session, "", options) == (try answer(plain, "", options)))
    }

    @Test("A call that fails at the start of a conversation leaves the constraint")
    func failureAtStart() throws {
        let model = try model(), session = try model.makeSession(), digits = try model.constraint(.regex("[0-9]{3}"))
        try session.constrain(by: digits)
        #expect(throws: ModelError.self) { try session.sample(Sampling()) }
        #expect(throws: ModelError.self) { try session.feed([UInt32.max]) }
        #expect(throws: ModelError.self) {
            try session.feed(try model.encode(String(repeating: "1", count: 3)), isCancelled: { true })
        }
        #expect(session.constraint === digits)
        let unknown = model.tokenizer.unknown
        #expect(throws: ModelError.self) { try session.feed([unknown]) }
        session.reset()
        #expect(session.constraint == nil)
        _ = try session.fork()
    }

    @Test("A saved session goes on by hand, too, and forgets an answer that has ended")
    func savedByHand() throws {
        let model = try model(), session = try model.makeSession(), digits = try model.constraint(.regex("[0-9]{3}"))
        try session.feed([model.configuration.bos] + model.encode("It is"))
        try session.constrain(by: digits)
        let one = try #require(try model.encode("1").last), word = try model.encode("word")
        try session.feed([one, one])
        let saved = try model.session(deserializing: session.serialized().span.bytes)
        #expect(saved.constraint == nil)
        try saved.constrain(by: digits)
        #expect(throws: ModelError.self) { try saved.feed([one, one]) }
        try saved.feed([one])
        #expect(throws: ModelError.self) { try saved.feed(word) }
        try saved.feed([model.configuration.eos])
        #expect(saved.constraint == nil && saved.memory.unfinishedAnswer == nil)
        let other = try model.session(deserializing: session.serialized().span.bytes)
        try other.feed([model.configuration.eos])
        #expect(other.memory.unfinishedAnswer == nil)
    }

    @Test("Within a prompt there are no logits, whatever part of a chunk a pass took")
    func noLogitsWithinPrompt() throws {
        let model = try model(), session = try model.makeSession()
        try session.feed([model.configuration.bos, 20, 30])
        let tokens = (0..<250).map { UInt32(10 + $0 % 300) }
        var seen: [Bool] = []
        try session.feed(tokens, isCancelled: { false }) { done, total in
            if done < total { seen.append(session.logits == nil) }
        }
        #expect(!seen.contains(false))
        #expect(session.logits != nil)
    }

    @Test("Likelihoods under a constraint are the model's own, for all tokens")
    func logprobs() throws {
        let model = try model(), constraint = try model.constraint(.jsonSchema(Self.schema)), session = try model.makeSession()
        var tokens: [AnswerToken] = []
        let result = try session.generatePieces("Write:", options: GenerationOptions(logprobs: 2, constraint: constraint)) {
            tokens += $0.tokens
            return true
        }
        #expect(result.finish == .end && tokens.count == result.generatedTokens && result.forcedTokens > 0)
        let plain = try model.makeSession()
        try plain.feed([model.configuration.bos] + model.encode("Write:"))
        for token in tokens {
            #expect(try plain.logprobs(of: token.token, top: 2) == token)
            try plain.feed([token.token])
        }
    }
}
