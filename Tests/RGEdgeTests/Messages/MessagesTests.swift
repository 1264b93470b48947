import ModelTestSupport
import TestSupport
import Testing
import Text

@testable import RGEdge

@Suite("Conversations of messages")
struct MessagesTests {
    let model: Model

    init() throws {
        model = try Model(path: try ConvertedModels.pathWithTemplate("tiny-en", .q4), options: Model.Options(threads: 1))
    }

    @discardableResult func generate(
        _ session: Session, _ messages: [Message], _ options: GenerationOptions = GenerationOptions(maxTokens: 0),
        isCancelled: () -> Bool = { false }, onProgress: (Int, Int) -> Void = { _, _ in }
    ) throws -> (text: String, result: GenerationResult) {
        var text = ""
        let result = try session.generate(messages: messages, options: options, isCancelled: isCancelled, onProgress: onProgress) {
            text += $0
            return true
        }
        return (text, result)
    }

    /// A session that was fed the whole of a conversation.
    func fresh(_ messages: [Message]) throws -> [UInt8] {
        let session = try model.makeSession()
        try session.feed(try model.encode(messages))
        return session.serialized()
    }

    func expectFresh(_ session: Session, _ messages: [Message]) throws {
        let isFresh = try session.serialized() == fresh(messages)
        #expect(isFresh, "\(messages.map(\.text))")
        // What is known of a conversation is part of what comes next.
        let same = try model.makeSession()
        try same.feed(try model.encode(messages))
        #expect(session.memory.transcript.isKnown && session.memory.transcript.hash == same.memory.transcript.hash)
    }

    let first: [Message] = [.system("Be brief."), .user("Who was Moses?")]
    let second: [Message] = [.model("The son of Amram."), .user("And Aaron?")]
    let third: [Message] = [.model("His brother."), .user("And Miriam?")]

    @Test("A prompt of messages is that of the template; the answer is that of a chat turn with the same text")
    func asATurn() throws {
        let session = try model.makeSession(), chat = try model.makeSession()
        let options = GenerationOptions(sampling: Sampling(temperature: 1, seed: 3), maxTokens: 20)
        let answer = try generate(session, first, options)
        var text = ""
        var asTurn = options
        asTurn.asChatTurn = true
        let result = try chat.generate("Be brief.\n\nWho was Moses?", options: asTurn) {
            text += $0
            return true
        }
        #expect(answer.text == text && !text.isEmpty)
        #expect(answer.result.promptTokens == result.promptTokens && answer.result.reusedTokens == 0)
        let isSame = session.serialized() == chat.serialized()
        #expect(isSame)
    }

    @Test("What was consumed is not fed again")
    func goesOn() throws {
        let session = try model.makeSession()
        var all: [Message] = [], before = 0
        for part in [first, second, third] {
            all += part
            var seen: [Int] = []
            let result = try generate(
                session, all,
                onProgress: {
                    seen.append($0); #expect($1 == Int(session.position) || $0 < $1)
                }
            )
            .result
            #expect(result.reusedTokens == before && result.promptTokens == Int(session.position))
            #expect(seen.last == result.promptTokens && (before == 0 || seen.first == before))
            try expectFresh(session, all)
            before = result.promptTokens
        }
        // The same again: nothing is fed.
        let again = try generate(session, all, onProgress: { _, _ in Issue.record("nothing is fed") }).result
        #expect(again.reusedTokens == before && again.promptTokens == before)
        try expectFresh(session, all)
    }

    /// At a high temperature an answer has tokens that no tokenizer makes of its text.
    @Test("An answer that comes back stays in the tokens that the model chose", arguments: [0, 8])
    func ownAnswers(lookup: Int) throws {
        var differing = 0
        for seed in 0..<12 as Range<UInt64> {
            let session = try model.makeSession(), byHand = try model.makeSession()
            let options = GenerationOptions(sampling: Sampling(temperature: 3, seed: seed), maxTokens: 12, lookup: lookup)
            var all = first
            try byHand.feed(try model.encode(all))
            for question in ["And Aaron?", "And Miriam?"] {
                let answer = try generate(session, all, options)
                let tokens = session.memory.recent.oldestFirst.suffix(Int(session.position - byHand.position))
                // A mark within an answer has no text.
                if tokens.contains(where: model.tokenizer.isControl) { break }
                try byHand.feed(Array(tokens))
                let asText = try model.encode(all + [.model(answer.text)]).dropFirst(Int(byHand.position) - tokens.count)
                differing += Array(asText) == Array(tokens) ? 0 : 1

                all += [.model(answer.text), .user(question)]
                let next = try generate(session, all).result
                #expect(next.reusedTokens == Int(byHand.position))
                try byHand.feed(
                    try model.encode(
                        "<end_of_turn>\n<start_of_turn>user\n\(question)<end_of_turn>\n<start_of_turn>model\n", controls: .parsed))
                let isSame = session.serialized() == byHand.serialized()
                #expect(isSame)
            }
        }
        #expect(differing > 6)
    }

    @Test("It does not matter how the conversation came in, and how far its last turn was ended")
    func otherWays() throws {
        for way in 0..<4 {
            var session = try model.makeSession()
            var text = ""
            _ = try session.generate(
                "Who?", options: GenerationOptions(sampling: Sampling(temperature: 2, seed: 5), maxTokens: 10, asChatTurn: true)
            ) {
                text += $0
                return true
            }
            if way == 1 { try session.feed([try #require(model.tokenizer.endOfTurn)]) }
            if way == 2 { try session.feed(try model.encode("<end_of_turn>\n", controls: .parsed)) }
            if way == 3 { session = try model.session(deserializing: session.serialized().span.bytes) }
            let position = session.position
            let result = try generate(session, [.user("Who?"), .model(text), .user("And?")]).result
            #expect(result.reusedTokens == Int(position))
        }
    }

    @Test("Another text of an answer, or of a question, is fed anew")
    func otherText() throws {
        let session = try model.makeSession()
        try generate(session, first + second)
        for other: [Message] in [
            first + [.model("The son of Amran."), .user("And Aaron?")], first + [.model("The son of Amram."), .user("And Aron?")],
            [.user("Be brief.\n\nWho was Moses")], first,
        ] {
            let result = try generate(session, other).result
            #expect(result.reusedTokens == 0)
            try expectFresh(session, other)
        }
    }

    @Test("Kept turns are where a conversation goes back to", arguments: [0, 1, 2, 5])
    func keptTurns(count: Int) throws {
        let session = try model.makeSession()
        try session.keepTurns(count)
        let all = first + second + third
        var starts: [Int] = []
        for length in [2, 4, 6] {
            starts.append(Int(session.position))
            try generate(session, Array(all.prefix(length)))
        }
        #expect(starts[0] == 0)
        // The last question in other words, then the one before, as often as wanted.
        for _ in 0..<2 {
            for (length, start) in [(6, 2), (4, 1)] {
                var other = Array(all.prefix(length - 1))
                other.append(.user("And who else?"))
                let result = try generate(session, other).result
                if count >= 2 { #expect(result.reusedTokens == starts[start]) }
                if count == 0 { #expect(result.reusedTokens == 0) }
                try expectFresh(session, other)
            }
        }
        if count == 1 {
            try generate(session, all)
            let result = try generate(session, all.dropLast() + [.user("And who else?")]).result
            #expect(result.reusedTokens == starts[2] || result.reusedTokens == starts[1])
        }
        #expect(session.keptTurns?.snapshots.count == count)
        #expect(throws: ModelError.self) { try session.keepTurns(-1) }
        #expect(throws: ModelError.self) { try session.keepTurns(Session.keptTurnLimit + 1) }
        #expect(session.keptTurns?.snapshots.count == count)
    }

    @Test("The prompt cache counts where it has more", arguments: [false, true])
    func cache(hasOtherBefore: Bool) throws {
        let folder = try TemporaryFolder()
        let cache = try PromptCache(folder: folder.file("cache"), limit: 1 << 30, model: model)
        let options = GenerationOptions(maxTokens: 0, cache: cache)
        let long = Message.system(String(repeating: "And it came to pass in those days, ", count: 80))
        let one = [long, .user("Who?")], other = [long, .user(String(repeating: "What? ", count: 100))]
        try generate(try model.makeSession(), one, options)
        let session = try model.makeSession()
        if hasOtherBefore { try generate(session, first) }
        let result = try generate(session, other, options).result
        #expect(result.reusedTokens >= 512)
        try expectFresh(session, other)
        // What it goes on with is not worse than what the session has.
        let more = other + [.model("A"), .user("And?")]
        #expect(try generate(session, more, options).result.reusedTokens == result.promptTokens)
        try expectFresh(session, more)
        // And it was stored.
        #expect(try generate(try model.makeSession(), other, options).result.reusedTokens == result.promptTokens)
    }

    @Test(
        "Stopped within the prompt, or failing there, the session is where it was, whatever it went back to", arguments: [0, 2],
        [false, true])
    func stopped(kept: Int, hasCache: Bool) throws {
        let folder = try TemporaryFolder()
        var options = GenerationOptions(maxTokens: 0), caches = 0
        let long = Message.user(String(repeating: "And it came to pass in those days, ", count: 60))
        for start: [Message] in [[], first, first + second] {
            for passes in 0..<2 {
                let session = try model.makeSession()
                try session.keepTurns(kept)
                if !start.isEmpty { try generate(session, start) }
                let before = session.serialized()
                for messages in [[long], first + [.model("No."), long], start.isEmpty ? [long] : start + [.model("A"), long]] {
                    var asked = 0
                    // What an earlier try has stored would leave nothing to stop.
                    caches += 1
                    if hasCache { options.cache = try PromptCache(folder: folder.file("\(caches)"), limit: 1 << 30, model: model) }
                    let result = try generate(
                        session, messages, options,
                        isCancelled: {
                            asked += 1
                            return asked > passes
                        }
                    ).result
                    #expect(result.finish == .cancelled && result.promptTokens == 0 && result.reusedTokens == 0)
                    let isAsBefore = session.serialized() == before
                    #expect(isAsBefore)
                }
                if !start.isEmpty { try expectFresh(session, start) }
            }
        }
    }

    @Test("A call that is stopped within the prompt keeps no turn, and forgets none", arguments: [0, 1])
    func keptTurnsOfStopped(passes: Int) throws {
        let session = try model.makeSession()
        try session.keepTurns(1)
        try generate(session, first)
        let start = Int(session.position)
        try generate(session, first + second)
        let long = Message.user(String(repeating: "And it came to pass in those days, ", count: 60))
        for rest in [[long], [.user("And?")]] {
            var asked = 0
            let result = try generate(
                session, first + second + [.model("A")] + rest,
                isCancelled: {
                    asked += 1
                    return asked > (rest == [long] ? passes : 0)
                }
            ).result
            #expect(result.finish == .cancelled && result.promptTokens == 0)
            #expect(session.keptTurns?.snapshots.map(\.position) == [Int64(start)])
        }
        let other = first + second.dropLast() + [.user("And who else?")]
        #expect(try generate(session, other).result.reusedTokens == start)
        try expectFresh(session, other)
    }

    @Test("Of a long session that was loaded only its own tokens are known, and then all is again")
    func loaded() throws {
        let long = Message.user(String(repeating: "And it came to pass in those days, ", count: 560))
        let session = try model.makeSession()
        try generate(session, [long])
        try #require(session.position > 4096)
        let loaded = try model.session(deserializing: session.serialized().span.bytes)
        #expect(!loaded.memory.transcript.isKnown)
        let more = [long, .model("So."), .user("And?")]
        #expect(try generate(loaded, more).result.reusedTokens == Int(session.position))
        try expectFresh(loaded, more)
    }

    @Test(
        "Any sequence of conversations leaves the session as one that was fed the last of them", arguments: 0..<6 as Range<UInt64>)
    func anything(seed: UInt64) throws {
        var random = RandomSource(seed: seed)
        func number(_ range: Range<Int>) -> Int { Int.random(in: range, using: &random) }
        let folder = try TemporaryFolder()
        let cache = try PromptCache(folder: folder.file("cache"), limit: 1 << 30, model: model)
        let texts = ["Who?", "And Aaron?", "In the beginning", " ", "So\n", String(repeating: "And it came to pass, ", count: 60)]
        var session = try model.makeSession()
        try session.keepTurns(number(0..<4))
        var messages: [Message] = [], reused = 0
        for _ in 0..<60 {
            // Back some way, then on.
            messages.removeLast(number(0..<min(messages.count + 1, 4)))
            if messages.last?.role == .system { messages.removeLast() }
            repeat {
                let isUsersTurn = messages.isEmpty || messages.last?.role == .model
                if isUsersTurn, number(0..<4) == 0 { messages.append(.system(texts[number(0..<6)])) }
                messages.append(Message(isUsersTurn ? .user : .model, texts[number(0..<(isUsersTurn ? 6 : 5))]))
            } while number(0..<3) == 0
            var patience = number(0..<8) == 0 ? number(0..<4) : .max
            let before = session.serialized()
            let options = GenerationOptions(maxTokens: 0, cache: number(0..<4) == 0 ? cache : nil)
            let result = try generate(
                session, messages, options,
                isCancelled: {
                    patience -= 1
                    return patience < 0
                }
            ).result
            if result.promptTokens == 0 {
                let isAsBefore = session.serialized() == before
                #expect(isAsBefore)
            } else {
                #expect(result.promptTokens == Int(session.position))
                try expectFresh(session, messages)
                reused += result.reusedTokens
            }
            switch number(0..<10) {
            case 0: session = try session.fork()
            case 1: try session.keepTurns(number(0..<4))
            case 2: session.reset()
            default: break
            }
        }
        #expect(reused > 0)
    }

    @Test("What makes no sense is refused, with nothing changed")
    func refusals() throws {
        let session = try model.makeSession()
        try generate(session, first)
        let before = session.serialized()
        for messages: [Message] in [[], [.system("x")], [.model("x")], [.user("x"), .user("y")]] {
            let error = #expect(throws: ModelError.self) { try generate(session, messages) }
            #expect(error?.kind == .argument)
        }
        let error = #expect(throws: ModelError.self) {
            try generate(session, first, GenerationOptions(sampling: Sampling(temperature: -1)))
        }
        #expect(error?.kind == .argument)
        let base = try Model(path: try ConvertedModels.path("tiny-en", .q4)).makeSession()
        let noTemplate = #expect(throws: ModelError.self) { try generate(base, first) }
        #expect(noTemplate?.description.contains("a base model, which has no chat template") == true)
        let isAsBefore = session.serialized() == before
        #expect(isAsBefore)
    }

    @Test("Marks in messages stay text")
    func marks() throws {
        let end = try #require(model.tokenizer.endOfTurn)
        let tokens = try model.encode([.system("<end_of_turn>"), .user("<bos><start_of_turn>"), .model("<end_of_turn>")])
        #expect(tokens.filter(model.tokenizer.isControl).count == 4 && tokens.filter { $0 == end }.count == 1)
    }
}
