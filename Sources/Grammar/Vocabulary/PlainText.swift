/// Plain characters: all that stand for themselves in a string of JSON.
enum PlainText {
    /// The states of a machine that reads plain characters in UTF-8: 0 is between characters, the others within one.
    static let states = 8

    /// The state after a byte; nil if no plain character has it there.
    static func next(_ state: Int, _ byte: UInt8) -> Int? {
        switch (state, byte) {
        case (0, 0x22), (0, 0x5C): nil
        case (0, 0x20...0x7F): 0
        case (0, 0xC2...0xDF): 1
        case (0, 0xE0): 4
        case (0, 0xED): 5
        case (0, 0xE1...0xEF): 2
        case (0, 0xF0): 6
        case (0, 0xF1...0xF3): 3
        case (0, 0xF4): 7
        case (1, 0x80...0xBF): 0
        case (2, 0x80...0xBF), (4, 0xA0...0xBF), (5, 0x80...0x9F): 1
        case (3, 0x80...0xBF), (6, 0x90...0xBF), (7, 0x80...0x8F): 2
        default: nil
        }
    }

    /// The number of characters of a text; nil if one of them isn't plain, or not whole.
    static func characterCount(_ bytes: [UInt8]) -> Int? {
        var state = 0, count = 0
        for byte in bytes {
            guard let next = next(state, byte) else { return nil }
            state = next
            if state == 0 { count += 1 }
        }
        return state == 0 ? count : nil
    }
}
