/// Reads GBNF into expressions. Groups are kept on a list, so that no nesting is too deep.
struct GBNFParser {
    private(set) var builder = ExpressionBuilder()

    private var reader: ScalarReader
    private var rules: [String: Int32] = [:]
    /// Where each rule is first named, for what is missing.
    private var firstUses: [Int32: Int] = [:]

    /// What is open: the rule itself, and each group in it.
    private struct Level {
        var start: Int
        var alternatives: [ExpressionID] = []
        var sequence: [ExpressionID] = []
    }

    init(_ text: String) { reader = ScalarReader(text) }

    /// The expression of the rule `root`.
    mutating func parse() throws(GrammarError) -> ExpressionID {
        skipSpace(lines: true)
        while !reader.isAtEnd {
            try parseRule()
            skipSpace(lines: true)
        }
        guard let root = rules["root"], builder.rules[Int(root)].body != nil else {
            throw GrammarError(.whole, "has no rule root", advice: "name the rule that the text begins with root")
        }
        let missing = firstUses.filter { builder.rules[Int($0.key)].body == nil }.min { $0.value < $1.value }
        if let missing {
            let name = builder.rules[Int(missing.key)].name
            throw error("the rule \(name) is used and not defined", at: missing.value, advice: "add it, or correct its name")
        }
        return builder.reference(root)
    }

    // MARK: - Rules

    private mutating func parseRule() throws(GrammarError) {
        let start = reader.index
        let name = reader.take(while: Self.isName)
        guard !name.isEmpty else { throw error("expected the name of a rule, found \(found)", advice: "rules are name ::= …") }
        skipSpace(lines: false)
        guard reader.take("::=") else { throw error("expected ::= after the rule's name, found \(found)") }
        let rule = rule(name)
        guard builder.rules[Int(rule)].body == nil else {
            throw error("the rule \(name) is defined twice", at: start, advice: "rename one, or join them with |")
        }
        skipSpace(lines: true)
        builder.define(rule, try parseBody())
        guard !builder.isOverLimit else { throw Program.tooLarge }
    }

    private mutating func rule(_ name: String) -> Int32 {
        if let rule = rules[name] { return rule }
        let rule = builder.makeRule(name)
        rules[name] = rule
        return rule
    }

    private mutating func parseBody() throws(GrammarError) -> ExpressionID {
        var levels = [Level(start: reader.index)]
        while true {
            let top = levels.count - 1
            let isNested = top > 0
            skipSpace(lines: isNested)
            let start = reader.index
            switch reader.next {
            case "(":
                reader.skip()
                levels.append(Level(start: start))
            case ")":
                guard isNested else { throw error("a ) without a ( before it") }
                reader.skip()
                let group = close(levels.removeLast())
                levels[top - 1].sequence.append(try parseCounts(group))
            case "|":
                reader.skip()
                skipSpace(lines: true)
                levels[top].alternatives.append(builder.sequence(levels[top].sequence))
                levels[top].sequence = []
            case nil, "\n", "\r":
                guard !isNested else { throw error("a ( that nothing closes", at: levels[top].start) }
                if skipLinesBeforeBar() { continue }
                return close(levels.removeLast())
            default:
                let item = try parseItem()
                levels[top].sequence.append(try parseCounts(item))
            }
        }
    }

    private mutating func close(_ level: Level) -> ExpressionID {
        builder.choice(level.alternatives + [builder.sequence(level.sequence)])
    }

    /// True if the next line that isn't empty begins with `|`: then it belongs to the rule, and the reader is there.
    private mutating func skipLinesBeforeBar() -> Bool {
        let before = reader
        skipSpace(lines: true)
        if reader.next == "|" { return true }
        reader = before
        return false
    }

    // MARK: - Items

    private mutating func parseItem() throws(GrammarError) -> ExpressionID {
        let start = reader.index
        switch reader.next {
        case "\"":
            reader.skip()
            return try parseLiteral(from: start)
        case "[":
            reader.skip()
            return try parseClass(from: start)
        case ".":
            reader.skip()
            return builder.characters(.all)
        case "*", "+", "?", "{": throw error("\(found) has nothing before it to repeat")
        case "<", "!": throw error("references to tokens are not supported", advice: "write the text instead")
        default:
            let name = reader.take(while: Self.isName)
            guard !name.isEmpty else { throw error("expected a literal, a class, a group or a rule, found \(found)") }
            let rule = rule(name)
            if firstUses[rule] == nil { firstUses[rule] = start }
            return builder.reference(rule)
        }
    }

    private mutating func parseLiteral(from start: Int) throws(GrammarError) -> ExpressionID {
        var bytes: [UInt8] = []
        while true {
            guard let scalar = reader.next, scalar != "\n" else { throw error("a literal that nothing closes", at: start) }
            if scalar == "\"" {
                reader.skip()
                return builder.literal(bytes)
            }
            bytes += UTF8Ranges.bytes(try parseCharacter())
        }
    }

    private mutating func parseClass(from start: Int) throws(GrammarError) -> ExpressionID {
        let isInverted = reader.take("^")
        var ranges: [ClosedRange<UInt32>] = []
        while true {
            guard let scalar = reader.next, scalar != "\n" else { throw error("a class that nothing closes", at: start) }
            if scalar == "]" { break }
            let place = reader.index
            let first = try parseCharacter()
            guard reader.next == "-", let after = reader.peek(1), after != "]" else {
                ranges.append(first...first)
                continue
            }
            reader.skip()
            let last = try parseCharacter()
            guard first <= last else { throw error("a range that ends before it begins", at: place) }
            ranges.append(first...last)
        }
        reader.skip()
        let set = ScalarSet(ranges)
        return builder.characters(isInverted ? set.inverted : set)
    }

    private mutating func parseCharacter() throws(GrammarError) -> UInt32 {
        let start = reader.index
        guard let scalar = reader.take() else { throw error("the text ends in the middle") }
        guard scalar == "\\" else { return scalar.value }
        let digits: Int
        switch reader.take() {
        case "n": return 0x0A
        case "r": return 0x0D
        case "t": return 0x09
        case let mark? where "\\\"[]-^".unicodeScalars.contains(mark): return mark.value
        case "x": digits = 2
        case "u": digits = 4
        case "U": digits = 8
        default:
            throw error(
                "an escape that is not known", at: start,
                advice: "there are \\n \\r \\t \\\\ \\\" \\[ \\] \\- \\^ \\xNN \\uNNNN \\UNNNNNNNN")
        }
        guard let scalar = reader.takeHexadecimal(digits) else {
            throw error("an escape that is no character", at: start, advice: "write \(digits) hexadecimal digits, and no surrogate")
        }
        return scalar.value
    }

    /// The counts after an item; several go on counting what came before them.
    private mutating func parseCounts(_ item: ExpressionID) throws(GrammarError) -> ExpressionID {
        var item = item
        while true {
            switch reader.next {
            case "*": item = builder.repetition(item, min: 0, max: nil)
            case "+": item = builder.repetition(item, min: 1, max: nil)
            case "?": item = builder.optional(item)
            case "{":
                item = try parseBraces(item)
                continue
            default: return item
            }
            reader.skip()
        }
    }

    private mutating func parseBraces(_ item: ExpressionID) throws(GrammarError) -> ExpressionID {
        let start = reader.index
        reader.skip()
        skipSpace(lines: false)
        guard let min = reader.takeDecimal() else {
            throw error("expected a number, found \(found)", advice: "counts are {m}, {m,} and {m,n}")
        }
        var max: Int? = min
        skipSpace(lines: false)
        if reader.take(",") {
            skipSpace(lines: false)
            max = reader.takeDecimal()
            skipSpace(lines: false)
        }
        guard reader.take("}") else { throw error("expected }, found \(found)", advice: "counts are {m}, {m,} and {m,n}") }
        guard min <= max ?? min else { throw error("the first count is larger than the second", at: start) }
        guard Swift.max(min, max ?? 0) <= Limits.count else {
            throw error("a count above \(Limits.count)", at: start, advice: "make it smaller, or leave out the second number")
        }
        return builder.repetition(item, min: min, max: max)
    }

    // MARK: - Between

    private static func isName(_ scalar: Unicode.Scalar) -> Bool {
        scalar.isLetter || scalar.isDigit || scalar == "-" || scalar == "_"
    }

    private mutating func skipSpace(lines: Bool) {
        while let scalar = reader.next {
            switch scalar {
            case " ", "\t": reader.skip()
            case "\n" where lines, "\r" where lines: reader.skip()
            case "#": reader.skip { $0 != "\n" && $0 != "\r" }
            default: return
            }
        }
    }

    /// What comes next, for messages.
    private var found: String {
        switch reader.next {
        case nil: "the end"
        case "\n", "\r": "the end of the line"
        case let scalar?:
            scalar.isASCII && scalar.value >= 0x20 && scalar.value != 0x7F
                ? "\(scalar)" : "U+\(String(scalar.value, radix: 16, uppercase: true))"
        }
    }

    private func error(_ problem: String, at index: Int? = nil, advice: String = "") -> GrammarError {
        GrammarError(reader.place(of: index ?? reader.index), problem, advice: advice)
    }
}
