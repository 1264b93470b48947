import ModelTestSupport
import TestSupport
import Testing
import Text

@testable import RGEdge

/// What a chat's next turn writes first follows from the tokens that were consumed, whoever fed them.
@Suite("Turns of a conversation")
struct TurnTests {
    private let model: Model
    private let start: UInt32
    private let end: UInt32
    private let opening = "<start_of_turn>model\n"

    init() throws {
        let path = try ConvertedModels.pathWithTemplate("tiny-en", .q4)
        model = try Model(path: path, options: Model.Options(threads: 1))
        start = try #require(model.tokenizer.startOfTurn)
        end = try #require(model.tokenizer.endOfTurn)
    }

    private func marked(_ text: String) throws -> [UInt32] { try model.encode(text, controls: .parsed) }

    /// What the template writes of a conversation, up to where the model's next turn begins.
    private func conversation(_ turns: (role: String, text: String)...) throws -> [UInt32] {
        let text = turns.map { "<start_of_turn>\($0.role)\n\($0.text)<end_of_turn>\n" }.joined() + opening
        return [model.configuration.bos] + (try marked(text))
    }

    @discardableResult private func generate(
        _ session: Session, _ prompt: String, asChatTurn: Bool = true, maxTokens: Int = 6, lookup: Int = 0
    ) throws -> String {
        var text = ""
        let options = GenerationOptions(maxTokens: maxTokens, asChatTurn: asChatTurn, lookup: lookup)
        _ = try session.generate(prompt, options: options) {
            text += $0
            return true
        }
        return text
    }

    private func tokens(_ session: Session) -> [UInt32] { session.memory.recent.oldestFirst }

    @Test("Conversations have the tokens of transformers' apply_chat_template, whichever way the answers came in")
    func reference() throws {
        for conversation in try ReferenceChat.load().conversations {
            for endsByHand in [false, true] {
                let session = try model.makeSession()
                for (number, message) in conversation.messages.enumerated() {
                    let isUser = number % 2 == 0
                    try generate(session, message, asChatTurn: isUser, maxTokens: 0)
                    if endsByHand, !isUser { try session.feed([end]) }
                }
                #expect(tokens(session) == conversation.tokens, "\(conversation.messages.debugDescription)")
            }
        }
    }

    @Test("An answer that was ended by hand is not ended once more", arguments: [0, 4])
    func endedByHand(lookup: Int) throws {
        for mark in ["<end_of_turn>", "<end_of_turn>\n"] {
            let session = try model.makeSession()
            let answer = try generate(session, "Who was Moses?", lookup: lookup)
            try session.feed(try marked(mark))
            try generate(session, "And Aaron?", maxTokens: 0, lookup: lookup)
            let expected = try conversation(("user", "Who was Moses?"), ("model", answer), ("user", "And Aaron?"))
            #expect(tokens(session) == expected, "\(mark.debugDescription)")
        }
    }

    @Test("An answer that goes on without the template is still open", arguments: ["", " And"])
    func goesOn(prompt: String) throws {
        let session = try model.makeSession()
        var answer = try generate(session, "Who was Moses?")
        answer += prompt + (try generate(session, prompt, asChatTurn: false))
        try generate(session, "And Aaron?", maxTokens: 0)
        let expected = try conversation(("user", "Who was Moses?"), ("model", answer), ("user", "And Aaron?"))
        #expect(tokens(session) == expected)
    }

    @Test("Turns that were fed by hand count as those of a chat")
    func byHand() throws {
        let session = try model.makeSession()
        try session.feed([model.configuration.bos] + marked("<start_of_turn>user\nWho was Moses?<end_of_turn>\n" + opening))
        let answer = try generate(session, "", asChatTurn: false)
        try generate(session, "And Aaron?", maxTokens: 0)
        #expect(
            try tokens(session) == conversation(("user", "Who was Moses?"), ("model", answer), ("user", "And Aaron?")))
    }

    @Test("A turn of the user's that was left open is ended first")
    func userLeftOpen() throws {
        let session = try model.makeSession()
        try session.feed([model.configuration.bos] + marked("<start_of_turn>user\nWho"))
        try generate(session, "was Moses?", maxTokens: 0)
        #expect(try tokens(session) == conversation(("user", "Who"), ("user", "was Moses?")))
    }

    @Test("Text outside of turns, a new <bos> and a reset leave nothing to end")
    func nothingToEnd() throws {
        let turn = try marked("<start_of_turn>user\nHi<end_of_turn>\n" + opening)
        let bos = model.configuration.bos
        for before in [
            [], [bos], [bos] + (try marked("In the beginning")), [bos] + (try marked("In<end_of_turn>\n")),
            [bos] + (try marked("In<end_of_turn> the")), [bos] + turn + [bos], [bos, end, bos],
        ] {
            let session = try model.makeSession()
            try session.feed(before)
            try generate(session, "Hi", maxTokens: 0)
            #expect(tokens(session) == (before.isEmpty ? [bos] : before) + turn)
        }
        let session = try model.makeSession()
        try session.feed([bos] + turn)
        session.reset()
        try generate(session, "Hi", maxTokens: 0)
        #expect(tokens(session) == [bos] + turn)
    }

    @Test("In a vocabulary without marks nothing is a turn")
    func noMarks() {
        var turn = TurnState(bos: 2, startOfTurn: nil, endOfTurn: nil)
        for token in 0..<512 as Range<UInt32> {
            turn.append(token)
            #expect(turn.previous == .none)
        }
    }

    // MARK: - Saved sessions

    /// Offset of the flags in a session file.
    private let flags = 48

    @Test("The flag of a saved session says that a turn is open")
    func flag() throws {
        let session = try model.makeSession()
        #expect(session.serialized()[flags] == 0)
        try generate(session, "Who was Moses?")
        #expect(session.serialized()[flags] == 1)
        try generate(session, "", asChatTurn: false)
        #expect(session.serialized()[flags] == 1)
        try session.feed([end])
        #expect(session.serialized()[flags] == 0)
        #expect(try model.session(deserializing: session.serialized().span.bytes).memory.turn.previous == .ended)
    }

    /// Files of older programs have the flag only after a chat's answer, and keep it whatever is fed then.
    @Test("Where the tokens tell, the flag does not matter", arguments: [0, 1] as [UInt32])
    func flagBesideTokens(flag: UInt32) throws {
        for (text, previous) in [
            ("<start_of_turn>model\nHe", .cut), ("<start_of_turn>model\nHe<end_of_turn>", .ended),
            ("<start_of_turn>model\nHe<end_of_turn>\n", .none),
        ] as [(String, ChatTemplate.PreviousTurn)] {
            let session = try model.makeSession()
            try session.feed([model.configuration.bos] + marked(text))
            var bent = BentSession(session.serialized())
            bent.set(flag, at: flags)
            let loaded = try model.session(deserializing: bent.bytes().span.bytes)
            #expect(loaded.memory.turn.previous == previous, "\(text.debugDescription)")
            #expect(loaded.memory.tokenHash == session.memory.tokenHash)
        }
    }

    @Test("Where they are too far back, it tells", arguments: [0, 1] as [UInt32])
    func flagAlone(flag: UInt32) throws {
        let session = try model.makeSession()
        try session.feed([model.configuration.bos, start] + (0..<5000).map { 1000 + $0 % 900 })
        #expect(session.serialized()[flags] == 1)
        var bent = BentSession(session.serialized())
        bent.set(flag, at: flags)
        let loaded = try model.session(deserializing: bent.bytes().span.bytes)
        #expect(loaded.memory.turn.isOpen == (flag == 1))
        try loaded.feed([end])
        #expect(loaded.memory.turn.previous == .ended)
    }

    // MARK: - Whatever happens

    /// The state from the list of all tokens, found from its end.
    private func expected(_ tokens: [UInt32]) -> ChatTemplate.PreviousTurn {
        guard let last = tokens.lastIndex(where: { [start, end, model.configuration.bos].contains($0) }) else { return .none }
        if tokens[last] == start { return .cut }
        return tokens[last] == end && last == tokens.count - 1 ? .ended : .none
    }

    @Test("After any sequence of calls the state is that of the tokens", arguments: 0..<12 as Range<UInt64>)
    func anything(seed: UInt64) throws {
        var random = RandomSource(seed: seed)
        func number(_ range: Range<Int>) -> Int { Int.random(in: range, using: &random) }
        func someTokens(_ count: Int) -> [UInt32] {
            let marks = [start, start, end, end, model.configuration.bos, 7]
            return (0..<count).map { _ in number(0..<3) == 0 ? marks[number(0..<6)] : UInt32(number(20..<2000)) }
        }
        let folder = try TemporaryFolder()
        let cache = try PromptCache(folder: folder.file("cache"), limit: 1 << 30, model: model)
        let prompts = (0..<3).map { _ in someTokens(150) }
        var session = try model.makeSession()
        var snapshots: [(snapshot: Snapshot, previous: ChatTemplate.PreviousTurn)] = []
        var seen: Set<Int> = []
        for step in 0..<150 {
            let what = number(0..<11)
            switch what {
            case 0: try session.feed(someTokens(number(0..<8)))
            case 1: try session.consume(someTokens(1)[0])
            case 2: try session.feed(someTokens(number(0..<5))) { _, _ in }
            case 3, 4, 5: try generateSomehow(session, &random, cache: cache)
            case 6:
                let fork = try session.fork()
                try session.feed(someTokens(3))
                session = fork
            case 7: snapshots.append((try session.snapshot(), session.memory.turn.previous))
            case 8:
                guard let (snapshot, previous) = snapshots.randomElement(using: &random) else { continue }
                try session.restore(snapshot)
                #expect(session.memory.turn.previous == previous)
            case 9: session = try model.session(deserializing: session.serialized().span.bytes)
            default:
                guard number(0..<3) == 0 else { continue }
                session.reset()
                _ = try session.prefill(
                    prompts[number(0..<3)].dropLast(number(0..<60)) + someTokens(number(0..<70)), through: cache)
            }
            let all = tokens(session)
            guard all.count == session.position else { continue }
            #expect(session.memory.turn.previous == expected(all), "step \(step), call \(what)")
            #expect(all.reduce(into: TokenHash()) { $0.append($1) } == session.memory.tokenHash)
            seen.insert([.none, .ended, .cut].firstIndex(of: session.memory.turn.previous) ?? 3)
        }
        #expect(seen == [0, 1, 2])
    }

    private func generateSomehow(_ session: Session, _ random: inout RandomSource, cache: PromptCache) throws {
        func number(_ range: Range<Int>) -> Int { Int.random(in: range, using: &random) }
        let sampling = Sampling(temperature: [0, 1, 50][number(0..<3)], repetitionPenalty: 1.1, seed: random.next())
        let options = GenerationOptions(
            sampling: sampling, maxTokens: number(0..<12), stop: [[], ["e"], ["the", "and"]][number(0..<3)],
            asChatTurn: Bool.random(using: &random), lookup: [0, 0, 8][number(0..<3)],
            cache: Bool.random(using: &random) ? cache : nil)
        let long = String(repeating: "And it came to pass ", count: 60)
        let prompt = ["", "Hi", " the beginning the beginning the", long][number(0..<4)]
        var patience = number(0..<30), parts = number(1..<20)
        _ = try session.generate(
            prompt, options: options,
            isCancelled: {
                patience -= 1
                return patience < 0
            },
            onText: { _ in
                // A caller may look, fork and save during the answer.
                if parts % 3 == 0, let fork = try? session.fork() {
                    #expect(fork.memory.turn.previous == expected(tokens(fork)) || tokens(fork).count < fork.position)
                }
                parts -= 1
                return parts > 0
            })
    }
}
