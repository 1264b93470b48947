/// Turns bytes that arrive in parts, cut anywhere, into text: a character is given out when its last byte is there.
///
/// All that is given out, put together, is what `String(decoding:as:)` makes of all the bytes, except for a character that has
/// begun and isn't complete. What is not UTF-8 becomes U+FFFD, one for each longest part that could have begun a character (The
/// Unicode Standard 15.0, section 3.9, "U+FFFD Substitution of Maximal Subparts"). A character is one Unicode scalar: a combining
/// accent or the next part of an emoji sequence may follow later.
public struct UTF8Stream: Sendable {
    /// The start of a character, up to three bytes.
    private var pending: [UInt8] = []

    /// A stream to which nothing has come.
    public init() { pending.reserveCapacity(64) }

    /// The text that is whole with these bytes; empty if none is.
    public mutating func append(_ bytes: some Sequence<UInt8>) -> String {
        pending += bytes
        let whole = pending.count - Self.unfinished(pending)
        let text = String(decoding: pending[..<whole], as: UTF8.self)
        pending.removeSubrange(..<whole)
        return text
    }

    /// How many bytes at the end begin a character without ending it.
    private static func unfinished(_ bytes: [UInt8]) -> Int {
        for count in 1...3 where count <= bytes.count {
            let first = bytes[bytes.count - count]
            if first & 0xC0 == 0x80 { continue }
            return count < length(first) && (count == 1 || seconds(first).contains(bytes[bytes.count - count + 1])) ? count : 0
        }
        return 0
    }

    /// Bytes of a character that starts with `first`; 1 for bytes that start none (Unicode, table 3-7).
    package static func length(_ first: UInt8) -> Int {
        switch first {
        case 0xC2...0xDF: 2
        case 0xE0...0xEF: 3
        case 0xF0...0xF4: 4
        default: 1
        }
    }

    /// What may come second after a first byte of three or four (the same table); later ones are 0x80…0xBF.
    package static func seconds(_ first: UInt8) -> ClosedRange<UInt8> {
        switch first {
        case 0xE0: 0xA0...0xBF
        case 0xED: 0x80...0x9F
        case 0xF0: 0x90...0xBF
        case 0xF4: 0x80...0x8F
        default: 0x80...0xBF
        }
    }
}
