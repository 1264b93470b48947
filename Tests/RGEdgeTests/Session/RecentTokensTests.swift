import TestSupport
import Testing

@testable import RGEdge

@Suite("Tokens that a session remembers")
struct RecentTokensTests {
    private func recent(_ tokens: some Sequence<UInt32>) -> RecentTokens {
        var recent = RecentTokens()
        for token in tokens { recent.append(token) }
        return recent
    }

    @Test("The last 4096 are kept, in order", arguments: [0, 1, 4095, 4096, 4097, 10_000] as [UInt32])
    func order(count: UInt32) {
        let recent = recent(0..<count)
        let expected = Array((0..<count).suffix(4096))
        #expect(recent.count == expected.count)
        #expect(recent.oldestFirst == expected)
        for last in [0, 1, 5, 4096, 9999] {
            var seen: [UInt32] = []
            recent.forEach(last: last) { seen.append($0) }
            #expect(seen == expected.suffix(last))
        }
        if count > 0 { #expect(recent[fromEnd: 1] == count - 1) }
    }

    @Test("A copy has the same, whatever it had before", arguments: [0, 3, 5000] as [UInt32], [0, 7, 6000] as [UInt32])
    func copies(from: UInt32, over: UInt32) {
        let original = recent(0..<from)
        var copy = recent((0..<over).map { $0 + 100 })
        copy.copy(from: original)
        #expect(copy.oldestFirst == original.oldestFirst)
        copy.append(42)
        #expect(copy.oldestFirst == Array((original.oldestFirst + [42]).suffix(4096)))
        #expect(original.oldestFirst == Array((0..<from).suffix(4096)))
    }

    @Test("The hash tells beginnings apart, and is that of formats/rgs.md")
    func tokenHash() {
        var hash = TokenHash()
        #expect(hash.hash == 0)
        var seen: Set<UInt64> = [0]
        for token in [5, 5, 0, 0, 1, 5] as [UInt32] {
            hash.append(token)
            #expect(seen.insert(hash.hash).inserted)
        }
        #expect(TokenHash(hash: hash.hash) == hash)
        // xxhash in Python: h = 0; for t in (2, 500, 65537): h = xxh3_64_intdigest(t.to_bytes(4, "little"), seed=h)
        var known = TokenHash()
        for token in [2, 500, 65537] as [UInt32] { known.append(token) }
        #expect(known.hash == 0xEEEEB0D5D44ED861)
    }
}
