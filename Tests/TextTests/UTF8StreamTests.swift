import TestSupport
import Testing

@testable import Text

@Suite struct UTF8StreamTests {
    @Test func aCharacterIsShownWhenItsLastByteIsThere() {
        var stream = UTF8Stream()
        for byte in Array("🙂".utf8).dropLast() { #expect(stream.append([byte]) == "") }
        #expect(stream.append([Array("🙂".utf8)[3]]) == "🙂")
        #expect(stream.append([0x61]) == "a")
    }

    @Test func aCharacterThatIsCutIsReplacedWhenTheNextBegins() {
        var stream = UTF8Stream()
        #expect(stream.append([0x61, 0xF0, 0x9F]) == "a")
        #expect(stream.append([0x62]) == "\u{FFFD}b")
        #expect(stream.append([0x63]) == "c")
    }

    @Test func whatCanBeginNoCharacterIsShownAtOnce() {
        for (bytes, text) in [
            ([0x80], "\u{FFFD}"), ([0xC0], "\u{FFFD}"), ([0xF5], "\u{FFFD}"), ([0xE0, 0x80], "\u{FFFD}\u{FFFD}"),
            ([0xED, 0xA0], "\u{FFFD}\u{FFFD}"), ([0xF0, 0x80], "\u{FFFD}\u{FFFD}"), ([0xF4, 0x90], "\u{FFFD}\u{FFFD}"),
            ([0xE6, 0x61], "\u{FFFD}a"),
        ] as [([UInt8], String)] {
            var stream = UTF8Stream()
            #expect(stream.append(bytes) == text)
            #expect(stream.append([0x62]) == "b")
        }
    }

    @Test func anyPartsOfAnyBytesGiveTheTextOfTheWhole() {
        var source = TextSource(seed: 51)
        for _ in 0..<20_000 {
            // A byte at the end that goes on with no character: what is cut before it is shown.
            let bytes = source.bytes() + [0x61]
            var stream = UTF8Stream()
            var text = ""
            for part in source.cut(bytes) { text.unicodeScalars += stream.append(part).unicodeScalars }
            #expect(Array(text.utf8) == Array(String(decoding: bytes, as: UTF8.self).utf8), "\(bytes)")
        }
    }

    /// Every start of a character, legal and not, one byte at a time.
    @Test func allPairsOfBytesGiveTheTextOfTheWhole() {
        for first in UInt8.min...UInt8.max {
            for second in UInt8.min...UInt8.max {
                let bytes = [first, second, 0x80, 0xBF, 0x41]
                var stream = UTF8Stream()
                var text: [UInt8] = []
                for byte in bytes { text += stream.append([byte]).utf8 }
                if text != Array(String(decoding: bytes, as: UTF8.self).utf8) { Issue.record("\(bytes)") }
            }
        }
    }

    @Test func validTextIsNeverHeldLongerThanACharacter() {
        var source = TextSource(seed: 52)
        for _ in 0..<500 {
            let text = source.text()
            var stream = UTF8Stream()
            for scalar in text.unicodeScalars {
                #expect(stream.append(Array(String(scalar).utf8)).unicodeScalars.elementsEqual([scalar]))
            }
        }
    }
}
