import System

/// Reads a regular expression of the kind that JSON Schema has (ECMA-262 with the flag `u`, less what needs memory or looking around).
///
/// Characters are Unicode scalars. Supported: literals; `.` (all but line breaks); classes with ranges and `^`; `\d \D \w \W \s \S`;
/// `\t \n \r \v \f \0 \cX \xNN \uNNNN \u{N…}`, pairs of surrogates included; escaped punctuation; `\p{…}` for general categories;
/// groups `(…)`, `(?:…)`, `(?<name>…)`; `|`; `* + ? {m} {m,} {m,n}`, with a `?` after it, which changes nothing about what matches;
/// `^` and `$`. Everything else is an error: looking around, back references, `\b`, flags.
struct RegexParser {
    private var reader: ScalarReader
    private var tree = RegexTree()
    /// Those that were looked up, by any parser: it takes a while.
    private static let categories = Guarded<[String: ScalarSet]>([:])

    private struct Level {
        var start: Int
        var alternatives: [Int] = []
        var sequence: [Int] = []
    }

    private init(_ text: String) { reader = ScalarReader(text) }

    static func parse(_ text: String) throws(GrammarError) -> RegexTree {
        guard text.utf8.count <= Limits.regexBytes else {
            throw GrammarError(.whole, "has more than \(Limits.regexBytes) bytes", advice: "make it smaller")
        }
        var parser = RegexParser(text)
        try parser.parse()
        return parser.tree
    }

    private mutating func parse() throws(GrammarError) {
        var levels = [Level(start: 0)]
        while true {
            let top = levels.count - 1
            let start = reader.index
            switch reader.next {
            case "(":
                reader.skip()
                try parseGroupKind(start)
                levels.append(Level(start: start))
            case ")":
                guard top > 0 else { throw error("a ) without a ( before it") }
                reader.skip()
                let group = close(levels.removeLast())
                levels[top - 1].sequence.append(try parseCount(group))
            case "|":
                reader.skip()
                levels[top].alternatives.append(tree.add(.sequence(levels[top].sequence)))
                levels[top].sequence = []
            case nil:
                guard top == 0 else { throw error("a ( that nothing closes", at: levels[top].start) }
                _ = close(levels.removeLast())
                return
            default: levels[top].sequence.append(try parseItem())
            }
        }
    }

    private mutating func close(_ level: Level) -> Int {
        let last = tree.add(.sequence(level.sequence))
        return tree.add(.choice(level.alternatives + [last]))
    }

    private mutating func parseGroupKind(_ start: Int) throws(GrammarError) {
        guard reader.take("?") else { return }
        if reader.take(":") { return }
        if reader.next == "<", let after = reader.peek(1), after != "=", after != "!" {
            reader.skip()
            reader.skip { $0 != ">" }
            guard reader.take(">") else { throw error("a name of a group that nothing closes", at: start) }
            return
        }
        throw error("a group of this kind is not supported", at: start, advice: "there are (…), (?:…) and (?<name>…)")
    }

    // MARK: - Items

    private mutating func parseItem() throws(GrammarError) -> Int {
        let start = reader.index
        switch reader.take() {
        case "^": return tree.add(.start)
        case "$": return tree.add(.end)
        case "*", "+", "?": throw error("has nothing before it to repeat", at: start)
        case "{" where isBraces(): throw error("has nothing before it to repeat", at: start)
        case ".": return try parseCount(tree.add(.characters(Self.lineBreaks.inverted)))
        case "[": return try parseCount(tree.add(.characters(try parseClass(start))))
        case "\\": return try parseCount(tree.add(.characters(try parseEscape(start, isInClass: false))))
        case let scalar?: return try parseCount(tree.add(.characters(ScalarSet(scalar))))
        case nil: return tree.add(.empty)
        }
    }

    /// Whether what was just taken, a `{`, begins a count. Alone it is a character, as browsers have it.
    private func isBraces() -> Bool {
        var copy = reader
        guard copy.takeDecimal() != nil else { return false }
        if copy.take(",") { _ = copy.takeDecimal() }
        return copy.take("}")
    }

    private mutating func parseCount(_ item: Int) throws(GrammarError) -> Int {
        let start = reader.index
        var min = 0, max: Int?
        switch reader.next {
        case "*": break
        case "+": min = 1
        case "?": max = 1
        case "{":
            reader.skip()
            guard isBraces() else {
                reader.rewind(to: start)
                return item
            }
            min = reader.takeDecimal() ?? 0
            max = min
            if reader.take(",") { max = reader.takeDecimal() }
        default: return item
        }
        reader.skip()
        _ = reader.take("?")
        if let next = reader.next, "*+?".unicodeScalars.contains(next) { throw error("two counts for one item") }
        guard min <= max ?? min else { throw error("the first count is larger than the second", at: start) }
        guard Swift.max(min, max ?? 0) <= Limits.count else {
            throw error("a count above \(Limits.count)", at: start, advice: "make it smaller, or leave out the second number")
        }
        return tree.add(.repetition(item, min: min, max: max))
    }

    // MARK: - Classes and escapes

    private mutating func parseClass(_ start: Int) throws(GrammarError) -> ScalarSet {
        let isInverted = reader.take("^")
        var ranges: [ClosedRange<UInt32>] = []
        while true {
            let place = reader.index
            guard let scalar = reader.take() else { throw error("a class that nothing closes", at: start) }
            if scalar == "]" { break }
            let first = scalar == "\\" ? try parseEscape(place, isInClass: true) : ScalarSet(scalar)
            guard reader.next == "-", let after = reader.peek(1), after != "]" else {
                ranges += first.ranges
                continue
            }
            reader.skip()
            let lastPlace = reader.index
            guard let scalar = reader.take() else { throw error("a class that nothing closes", at: start) }
            let last = scalar == "\\" ? try parseEscape(lastPlace, isInClass: true) : ScalarSet(scalar)
            if let low = first.only, let high = last.only {
                guard low <= high else { throw error("a range that ends before it begins", at: place) }
                ranges.append(low...high)
            } else {
                // As [\w-.]: the hyphen is a character.
                ranges += first.ranges + [0x2D...0x2D] + last.ranges
            }
        }
        let set = ScalarSet(ranges)
        return isInverted ? set.inverted : set
    }

    private mutating func parseEscape(_ start: Int, isInClass: Bool) throws(GrammarError) -> ScalarSet {
        guard let mark = reader.take() else { throw error("a \\ at the end", at: start) }
        switch mark {
        case "d": return Self.digits
        case "D": return Self.digits.inverted
        case "w": return Self.words
        case "W": return Self.words.inverted
        case "s": return Self.spaces
        case "S": return Self.spaces.inverted
        case "t": return ScalarSet("\t")
        case "n": return ScalarSet("\n")
        case "r": return ScalarSet("\r")
        case "v": return ScalarSet("\u{B}")
        case "f": return ScalarSet("\u{C}")
        case "b" where isInClass: return ScalarSet("\u{8}")
        case "0" where reader.next?.isDigit != true: return ScalarSet("\0")
        case "c":
            guard let letter = reader.take(), letter.isLetter else { throw unknownEscape(start) }
            return ScalarSet([letter.value & 0x1F...letter.value & 0x1F])
        case "x":
            guard let scalar = reader.takeHexadecimal(2) else { throw unknownEscape(start) }
            return ScalarSet(scalar)
        case "u": return try parseUnicode(start)
        case "p", "P":
            guard reader.take("{") else { throw unknownEscape(start) }
            let name = reader.take { $0 != "}" }
            guard reader.take("}"), let set = Self.categories.withLock({ $0[name] }) ?? ScalarSet(category: name) else {
                throw error(
                    "a property of characters that is not supported", at: start,
                    advice: "general categories are, as \\p{Lu} and \\p{Letter}")
            }
            Self.categories.withLock { $0[name] = set }
            return mark == "P" ? set.inverted : set
        default:
            guard !mark.isLetter, !mark.isDigit else { throw unknownEscape(start) }
            return ScalarSet(mark)
        }
    }

    private mutating func parseUnicode(_ start: Int) throws(GrammarError) -> ScalarSet {
        if reader.take("{") {
            let digits = reader.take { $0.hexadecimalValue != nil }
            guard reader.take("}"), let value = UInt32(digits, radix: 16), let scalar = Unicode.Scalar(value) else {
                throw unknownEscape(start)
            }
            return ScalarSet(scalar)
        }
        if let scalar = reader.takeHexadecimal(4) { return ScalarSet(scalar) }
        let units = reader.take { $0.hexadecimalValue != nil || $0 == "\\" || $0 == "u" }
        // A pair of surrogates: four digits, the same escape again, four digits.
        let text = Array(units.utf8)
        func number(_ range: Range<Int>) -> UInt32? { UInt32(String(decoding: text[range], as: UTF8.self), radix: 16) }
        guard text.count >= 10, text[4..<6].elementsEqual("\\u".utf8), let high = number(0..<4), let low = number(6..<10),
            (0xD800...0xDBFF).contains(high), (0xDC00...0xDFFF).contains(low)
        else { throw unknownEscape(start) }
        let parts = [high, low]
        reader.rewind(to: start + 12)
        let value = 0x10000 + (parts[0] - 0xD800) << 10 + parts[1] - 0xDC00
        return ScalarSet([value...value])
    }

    private func unknownEscape(_ start: Int) -> GrammarError {
        error(
            "an escape that is not supported", at: start, advice: "write the character itself, or \\u and four hexadecimal digits")
    }

    private func error(_ problem: String, at index: Int? = nil, advice: String = "") -> GrammarError {
        GrammarError(.character((index ?? reader.index) + 1), problem, advice: advice)
    }

    static let digits = ScalarSet([0x30...0x39])
    static let words = ScalarSet([0x30...0x39, 0x41...0x5A, 0x5F...0x5F, 0x61...0x7A])
    static let lineBreaks = ScalarSet("\n\r\u{2028}\u{2029}")
    static let spaces = ScalarSet(
        [0x09...0x0D, 0x20...0x20, 0xA0...0xA0, 0x1680...0x1680, 0x2000...0x200A, 0x2028...0x2029, 0x202F...0x202F] + [
            0x205F...0x205F, 0x3000...0x3000, 0xFEFF...0xFEFF,
        ])
}

extension ScalarSet {
    /// The scalar, if there is exactly one.
    fileprivate var only: UInt32? { ranges.count == 1 && ranges[0].count == 1 ? ranges[0].lowerBound : nil }
}
