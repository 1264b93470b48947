/// What a key, or a few of them together, means in a line that is being edited.
public enum Key: Equatable, Sendable {
    /// A character, or text that was pasted.
    case text(String)
    case enter
    case left, right, up, down, home, end
    case wordLeft, wordRight
    case backspace, delete
    /// Ctrl-U, Ctrl-K, Ctrl-W: what they remove, Ctrl-Y inserts.
    case deleteToStart, deleteToEnd, deleteWord, insertDeleted
    /// Completes what is typed.
    case tab
    /// Ctrl-R: searches earlier lines.
    case search
    /// Ctrl-G: gives a search up.
    case cancel
    /// Esc alone.
    case escape
    /// Ctrl-L.
    case clearScreen
    /// Ctrl-C.
    case interrupt
    /// Ctrl-Z.
    case suspend
    /// Ctrl-D.
    case endOfInput
    /// Not a key, but the terminal's answer when asked for its cursor's column, from 0 on.
    case cursor(column: Int)
    /// A key that means nothing here.
    case unknown
}

/// Turns the bytes that a terminal sends into keys: UTF-8, control characters, and the escape sequences of VT100 and xterm
/// (ECMA-48; XTerm Control Sequences, "PC-Style Function Keys").
struct KeyReader {
    /// The next byte; nil if there is none: at the end or, with `isWaiting` false, if none has come yet.
    private let nextByte: (_ isWaiting: Bool) -> UInt8?

    private static let escape: UInt8 = 0x1B
    /// What a terminal sends around text that is pasted.
    private static let pasteStart = "200~", pasteEnd: [UInt8] = Array("\u{1B}[201~".utf8)

    init(_ nextByte: @escaping (_ isWaiting: Bool) -> UInt8?) { self.nextByte = nextByte }

    /// The next key; nil at the end.
    func next() -> Key? {
        guard let byte = nextByte(true) else { return nil }
        switch byte {
        case Self.escape: return escapeSequence()
        case 0x7F: return .backspace
        case ..<0x20: return Self.controlKeys[byte] ?? .unknown
        case 0x80...: return character(startingWith: byte)
        default: return .text(String(Character(Unicode.Scalar(byte))))
        }
    }

    private static let controlKeys: [UInt8: Key] = {
        let letters: [(Character, Key)] = [
            ("A", .home), ("B", .left), ("C", .interrupt), ("D", .endOfInput), ("E", .end), ("F", .right), ("G", .cancel),
            ("H", .backspace), ("I", .tab), ("J", .enter), ("K", .deleteToEnd), ("L", .clearScreen), ("M", .enter), ("N", .down),
            ("P", .up), ("R", .search),
            ("U", .deleteToStart), ("W", .deleteWord), ("Y", .insertDeleted), ("Z", .suspend),
        ]
        return Dictionary(uniqueKeysWithValues: letters.map { ($0.asciiValue.map { $0 & 0x1F } ?? 0, $1) })
    }()

    /// A character of several bytes; bytes that are not one are left out.
    private func character(startingWith first: UInt8) -> Key {
        let count = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2
        var bytes = [first]
        while bytes.count < count, let byte = nextByte(true) { bytes.append(byte) }
        return String(validating: bytes, as: UTF8.self).map { .text($0) } ?? .unknown
    }

    /// What follows an escape; after the key Esc itself nothing comes at once.
    private func escapeSequence() -> Key {
        switch nextByte(false) {
        case nil: return .escape
        case UInt8(ascii: "["): return sequence(parameters())
        case UInt8(ascii: "O"):
            return nextByte(true).map { Self.sequenceKeys[String(Character(Unicode.Scalar($0)))] ?? .unknown } ?? .unknown
        case UInt8(ascii: "b"): return .wordLeft
        case UInt8(ascii: "f"): return .wordRight
        case 0x7F: return .deleteWord
        default: return .unknown
        }
    }

    /// The bytes of a control sequence after its `[`, up to its final byte.
    private func parameters() -> String {
        var text = ""
        while let byte = nextByte(true), text.utf8.count < 32 {
            text.unicodeScalars.append(Unicode.Scalar(byte))
            if (0x40...0x7E).contains(byte) { break }
        }
        return text
    }

    private func sequence(_ parameters: String) -> Key {
        if parameters == Self.pasteStart { return .text(pastedText()) }
        return Self.sequenceKeys[parameters] ?? Self.cursorReport(parameters) ?? .unknown
    }

    /// `row;columnR`, from 1 on (ECMA-48, CPR).
    private static func cursorReport(_ parameters: String) -> Key? {
        guard parameters.last == "R" else { return nil }
        let numbers = parameters.dropLast().split(separator: ";").map { Int($0) }
        guard numbers.count == 2, numbers[0] != nil, let column = numbers[1], column > 0 else { return nil }
        return .cursor(column: column - 1)
    }

    private static let sequenceKeys: [String: Key] = [
        "A": .up, "B": .down, "C": .right, "D": .left, "H": .home, "F": .end, "1~": .home, "7~": .home, "4~": .end, "8~": .end,
        "3~": .delete, "1;5C": .wordRight, "1;5D": .wordLeft, "1;3C": .wordRight, "1;3D": .wordLeft,
    ]

    private func pastedText() -> String {
        var bytes: [UInt8] = []
        while let byte = nextByte(true) {
            bytes.append(byte)
            guard bytes.suffix(Self.pasteEnd.count).elementsEqual(Self.pasteEnd) else { continue }
            bytes.removeLast(Self.pasteEnd.count)
            break
        }
        // A terminal sends the Enter key's character for a line break.
        let lines = String(decoding: bytes, as: UTF8.self).split(omittingEmptySubsequences: false) { $0.isNewline }
        return lines.joined(separator: "\n")
    }
}
