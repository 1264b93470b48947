import TestSupport
import Testing

@testable import Text

@Suite struct StopMatcherTests {
    /// The text before the first stop string that is complete, found the slow way, and that string.
    static func search(_ text: [UInt8], _ stops: [String]) -> (shown: [UInt8], match: String?) {
        let stops = stops.filter { !$0.isEmpty }.sorted { $0.utf8.count > $1.utf8.count }
        for end in 0...text.count {
            for stop in stops where text[..<end].suffix(stop.utf8.count).elementsEqual(stop.utf8) {
                return (Array(text[..<(end - stop.utf8.count)]), stop)
            }
        }
        return (text, nil)
    }

    /// What a matcher shows of the parts of a text.
    static func stream(_ parts: [String], _ stops: [String]) -> (shown: [UInt8], match: String?) {
        var matcher = StopMatcher(stops: stops)
        var shown = parts.flatMap { Array(matcher.append($0).utf8) }
        shown += matcher.finish().utf8
        return (shown, matcher.match)
    }

    @Test func textBeforeAStopStringIsShownAndTheStringIsNot() {
        var matcher = StopMatcher(stops: ["END"])
        #expect(matcher.append("abcENDdef") == "abc")
        #expect(matcher.match == "END")
        #expect(matcher.append("more") == "")
        #expect(matcher.finish() == "")
    }

    @Test func whatMayBecomeAStopStringIsHeldBack() {
        var matcher = StopMatcher(stops: ["\n\nUser:", "END"])
        #expect(matcher.append("a\n") == "a")
        #expect(matcher.append("\nUs") == "")
        #expect(matcher.append("e E") == "\n\nUse ")
        #expect(matcher.append("N") == "")
        #expect(matcher.finish() == "EN")
        #expect(matcher.match == nil)
    }

    @Test func withoutStopStringsNothingIsHeldBack() {
        for stops in [[], [""]] {
            var matcher = StopMatcher(stops: stops)
            #expect(matcher.append("any text") == "any text")
            #expect(matcher.finish() == "")
            #expect(matcher.match == nil)
        }
    }

    @Test(arguments: [
        ("xabcdx", ["abcd", "bc"], "xa", "bc"), ("xabcx", ["abc", "bc", "c"], "x", "abc"), ("aaab", ["aab"], "a", "aab"),
        ("ababac", ["abac"], "ab", "abac"), ("日本語", ["本"], "日", "本"), ("e\u{301}", ["e"], "", "e"),
        ("END", ["END", "END"], "", "END"),
    ]) func theFirstCompleteMatchWins(_ text: String, _ stops: [String], _ shown: String, _ match: String) {
        let found = Self.stream([text], stops)
        #expect(found.shown == Array(shown.utf8) && found.match == match)
        let inPieces = Self.stream(text.unicodeScalars.map { String($0) }, stops)
        #expect(inPieces.shown == Array(shown.utf8) && inPieces.match == match)
    }

    @Test func anyPartsOfATextGiveWhatASearchOfTheWholeGives() {
        var source = TextSource(seed: 61)
        let letters: [Unicode.Scalar] = ["a", "b", "é", "日"]
        func text(_ count: ClosedRange<Int>) -> [Unicode.Scalar] {
            (0..<Int.random(in: count, using: &source.random)).map { _ in letters.randomElement(using: &source.random)! }
        }
        func string(_ scalars: [Unicode.Scalar]) -> String { String(String.UnicodeScalarView(scalars)) }
        var matches = 0
        for _ in 0..<20_000 {
            let scalars = text(0...16)
            let stops = (0..<Int.random(in: 0...3, using: &source.random)).map { _ in string(text(1...4)) }
            let expected = Self.search(Array(string(scalars).utf8), stops)
            let found = Self.stream(source.cut(scalars).map(string), stops)
            #expect(found.shown == expected.shown && found.match == expected.match, "\(string(scalars)) \(stops)")
            if found.match != nil { matches += 1 }
        }
        #expect(matches > 1000)
    }

    @Test func whatIsHeldBackIsNoLongerThanItMustBe() {
        var source = TextSource(seed: 62)
        for _ in 0..<2000 {
            let stops = ["abab", "bb"]
            let text = String((0..<12).map { _ in ["a", "b", "c"].randomElement(using: &source.random)! }.joined())
            var matcher = StopMatcher(stops: stops)
            var shown = 0
            for (index, letter) in text.enumerated() {
                shown += matcher.append(String(letter)).count
                if matcher.match != nil { break }
                let seen = text.prefix(index + 1)
                let held = (0..<4).last { count in
                    stops.contains { $0.count > count && $0.hasPrefix(seen.suffix(count)) } && count <= seen.count
                }
                #expect(seen.count - shown == held)
            }
        }
    }
}
