import TestSupport

@testable import Grammar

/// A grammar over the letters a, b and c, made by chance.
struct RandomGrammar {
    private(set) var builder = ExpressionBuilder()
    let root: ExpressionID

    init(_ random: inout RandomSource) {
        var builder = ExpressionBuilder()
        let rules = (0..<Int.random(in: 1...4, using: &random)).map { builder.makeRule("r\($0)") }
        var parts: [ExpressionID] = [builder.empty] + "abc".utf8.map { builder.bytes(ByteSet($0)) }
        parts += [builder.bytes(ByteSet(0x61...0x62)), builder.literal("ab")] + rules.map { builder.reference($0) }
        for _ in 0..<Int.random(in: 3...14, using: &random) {
            let pick = { (random: inout RandomSource) in parts[Int.random(in: 0..<parts.count, using: &random)] }
            switch Int.random(in: 0..<7, using: &random) {
            case 0...2: parts.append(builder.sequence(pick(&random), pick(&random)))
            case 3...4: parts.append(builder.choice([pick(&random), pick(&random), pick(&random)]))
            default:
                let min = Int.random(in: 0...3, using: &random)
                let max = Bool.random(using: &random) ? nil : min + Int.random(in: 0...2, using: &random)
                parts.append(builder.repetition(pick(&random), min: min, max: max))
            }
        }
        for rule in rules { builder.define(rule, parts[Int.random(in: 0..<parts.count, using: &random)]) }
        root = parts[parts.count - 1]
        self.builder = builder
    }
}

extension Grammar {
    /// Whether a text is a whole one of the grammar.
    func accepts(_ text: String) -> Bool { accepts(Array(text.utf8)) }

    func accepts(_ bytes: [UInt8]) -> Bool {
        var matcher = matcher()
        return matcher.advance(bytes) && matcher.isComplete
    }

    /// Whether a text is a beginning of one.
    func begins(_ text: String) -> Bool {
        var matcher = matcher()
        return matcher.advance(text.utf8)
    }
}

/// A matcher that `#expect` can move.
final class Walker {
    private(set) var matcher: Matcher

    init(_ grammar: Grammar) { matcher = grammar.matcher() }

    init(_ matcher: Matcher) { self.matcher = matcher }

    var isComplete: Bool { matcher.isComplete }

    func advance(_ byte: UInt8) -> Bool { matcher.advance(byte) }

    func advance(_ bytes: some Sequence<UInt8>) -> Bool { matcher.advance(bytes) }
}
