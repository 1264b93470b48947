import TestSupport
import Testing

@testable import Grammar

@Suite struct AutomatonTests {
    static func texts(upTo count: Int) -> [[UInt8]] {
        var texts: [[UInt8]] = [[]], last = texts
        for _ in 0..<count {
            last = last.flatMap { text in "abc".utf8.map { text + [$0] } }
            texts += last
        }
        return texts
    }

    /// Random grammars against trying everything: what is whole, what is a beginning, what must come next.
    @Test func randomGrammarsMatchWhatTheReferenceMatches() throws {
        var random = RandomSource(seed: 1)
        let texts = Self.texts(upTo: 5)
        var made = 0
        while made < 400 {
            let source = RandomGrammar(&random)
            guard let grammar = try? Grammar(source.builder, root: source.root) else { continue }
            made += 1
            let whole = Set(texts.filter { ReferenceRecognizer.matches($0, source.root, source.builder) })
            let beginnings = Set(whole.flatMap { text in (0...text.count).map { Array(text[..<$0]) } })
            for text in texts {
                var matcher = grammar.matcher()
                let isAlive = matcher.advance(text)
                #expect((isAlive && matcher.isComplete) == whole.contains(text), "grammar \(made): \(text)")
                if beginnings.contains(text) { #expect(isAlive) }
                if isAlive { #expect(Self.canEnd(matcher), "grammar \(made): \(text)") }
                let forced = isAlive ? matcher.forced(limit: 3) : []
                if whole.contains(text) { #expect(forced.isEmpty) }
                for next in whole where next.starts(with: text) && isAlive { #expect(next[text.count...].starts(with: forced)) }
            }
        }
    }

    /// Whether some text ends what was begun: a search over states.
    static func canEnd(_ start: Matcher) -> Bool {
        var seen: Set<Int32> = [start.state], queue = [start]
        while let matcher = queue.popLast(), seen.count < 2000 {
            if matcher.isComplete { return true }
            for byte in "abc".utf8 {
                var next = matcher
                if next.advance(byte), seen.insert(next.state).inserted { queue.insert(next, at: 0) }
            }
        }
        return false
    }

    @Test func manyWaysToTheSamePlaceAreOneState() throws {
        // Without merging, 2^n stacks after n letters.
        let grammar = try Grammar(gbnf: #"root ::= "a" root "x" | "a" root "y" | "z""#)
        let matcher = Walker(grammar)
        #expect(matcher.advance(repeatElement(UInt8(ascii: "a"), count: 200)))
        #expect(matcher.advance(Array("z".utf8) + repeatElement(UInt8(ascii: "y"), count: 199)))
        #expect(!matcher.isComplete)
        #expect(matcher.advance(UInt8(ascii: "x")) && matcher.isComplete)
    }

    @Test func nestingOf100000Works() throws {
        let grammar = try Grammar(gbnf: #"root ::= "[" root? "]""#)
        let matcher = Walker(grammar)
        #expect(matcher.advance(repeatElement(UInt8(ascii: "["), count: 100_000)))
        #expect(matcher.advance(repeatElement(UInt8(ascii: "]"), count: 99_999)))
        #expect(!matcher.isComplete && matcher.advance(UInt8(ascii: "]")) && matcher.isComplete)
    }

    @Test func nestingBeyondTheLimitIsNotAllowed() throws {
        let grammar = try Grammar(gbnf: #"root ::= "[" root? "]""#)
        let matcher = Walker(grammar)
        #expect(!matcher.advance(repeatElement(UInt8(ascii: "["), count: Limits.depth + 10)))
        #expect(matcher.matcher.isDead && matcher.matcher.isOverLimit && !matcher.isComplete)
        #expect(!matcher.advance(UInt8(ascii: "]")))
    }

    @Test func largeCountsAreCounted() throws {
        let grammar = try Grammar(gbnf: "root ::= [ab]{100000,1000000}")
        #expect(grammar.program.operations.count < 10)
        let matcher = Walker(grammar)
        #expect(matcher.advance(repeatElement(UInt8(ascii: "a"), count: 99_999)))
        #expect(!matcher.isComplete && matcher.advance(UInt8(ascii: "b")) && matcher.isComplete)
    }

    @Test(.timeLimit(.minutes(1))) func emptyPartsAreNoEndlessLoop() throws {
        for text in ["(\"a\"*)*", "(\"a\"* \"b\"?){3,1000000}", "((\"a\"?)+)+", "(\"\"){5,}", "(\"a\"?){1000000} \"b\"?"] {
            let grammar = try Grammar(gbnf: "root ::= \(text)")
            #expect(grammar.accepts(""))
            let matcher = Walker(grammar)
            #expect(matcher.advance("aaaa".utf8) == !text.contains("(\"\")"))
        }
    }

    @Test func aFullPoolIsLeft() throws {
        let grammar = try Grammar(gbnf: #"root ::= item*  item2?"# + "\nitem ::= [a-z]{1,300000} \";\"\nitem2 ::= \"!\"")
        let matcher = Walker(grammar)
        var kept = matcher.matcher
        let first = matcher.matcher.pool
        for number in 0..<3 {
            #expect(matcher.advance(repeatElement(UInt8(ascii: "q"), count: 299_000)))
            if number == 0 { kept = matcher.matcher }
            #expect(matcher.advance(UInt8(ascii: ";")))
        }
        #expect(matcher.isComplete && matcher.matcher.pool !== first)
        #expect(grammar.stateByteCount < 16 << 20)
        let old = Walker(kept)
        #expect(old.advance(repeatElement(UInt8(ascii: "q"), count: 1000)) && !old.advance(UInt8(ascii: "q")))
    }

    @Test func manyThreadsUseOneGrammar() async throws {
        let grammar = try Grammar(gbnf: #"root ::= "[" (root ("," root)*)? "]" | [0-9]{1,5000}"#)
        await withTaskGroup(of: Bool.self) { group in
            for seed in 0..<8 {
                group.addTask {
                    var random = RandomSource(seed: UInt64(seed)), ok = true
                    for _ in 0..<40 {
                        let depth = Int.random(in: 1...3000, using: &random)
                        let text = String(repeating: "[", count: depth) + "1,2" + String(repeating: "]", count: depth)
                        ok = ok && grammar.accepts(text) && !grammar.accepts(text + "]")
                    }
                    return ok
                }
            }
            for await ok in group { #expect(ok) }
        }
    }

    @Test func charactersAreUTF8() throws {
        let grammar = try Grammar(gbnf: #"root ::= [^a-c"\u00e9\U0001F600]"#)
        for text in ["d", "\n", "\0", "ê", "日", "\u{FFFF}", "\u{10FFFF}", "\u{D7FF}", "\u{E000}", "😁"] {
            #expect(grammar.accepts(text))
        }
        for text in ["a", "\"", "é", "😀", "", "dd"] { #expect(!grammar.accepts(text)) }
        for bytes: [UInt8] in [[0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0x80], [0xE0, 0x80, 0x80], [0xFF]] {
            #expect(!grammar.accepts(bytes))
        }
    }

    @Test func rangesOfCharactersAreThoseOfUTF8() {
        var random = RandomSource(seed: 5)
        for _ in 0..<200 {
            let ends = (0..<2).map { _ in
                UInt32.random(in: 0...0x10FFFF, using: &random) >> UInt32.random(in: 0...16, using: &random)
            }
            let set = ScalarSet([ends.min()!...ends.max()!])
            let sequences = set.ranges.flatMap(UTF8Ranges.sequences)
            for _ in 0..<200 {
                let value = UInt32.random(in: 0...0x10FFFF, using: &random) >> UInt32.random(in: 0...16, using: &random)
                guard let scalar = Unicode.Scalar(value) else { continue }
                let bytes = Array(String(Character(scalar)).utf8)
                #expect(UTF8Ranges.bytes(value) == bytes)
                let count = sequences.filter { $0.count == bytes.count && zip($0, bytes).allSatisfy { $0.contains($1) } }.count
                #expect(count == (set.contains(value) ? 1 : 0))
            }
        }
    }
}
