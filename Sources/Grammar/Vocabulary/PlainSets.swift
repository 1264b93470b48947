/// Plain tokens by the number of their characters.
struct PlainSets: Sendable {
    /// Longer pieces are few, runs of spaces mostly. They are walked like those that aren't plain: how many characters may come is asked
    /// up to the longest plain piece, a state for each.
    static let mostCharacters = 24

    /// Tokens of up to so many characters, as bits; the first set is empty.
    private let sets: [[UInt64]]
    /// Those that have more, by their numbers: so few that a list is smaller than a further set.
    private let longer: [(count: UInt32, token: UInt32)]
    /// Characters of the longest.
    let longest: Int

    init(_ counts: [(token: UInt32, count: Int)], vocabularySize: Int) {
        longest = counts.map(\.count).max() ?? 0
        var sets = [[UInt64](repeating: 0, count: (vocabularySize + 63) / 64)]
        var byCount = [[UInt32]](repeating: [], count: longest + 1), left = counts.count
        for (token, count) in counts { byCount[count].append(token) }
        while left > sets[0].count {
            var set = sets[sets.count - 1]
            for token in byCount[sets.count] { set[Int(token >> 6)] |= 1 << UInt64(token & 63) }
            left -= byCount[sets.count].count
            sets.append(set)
        }
        self.sets = sets
        longer = byCount.indices[sets.count...].flatMap { count in byCount[count].map { (UInt32(count), $0) } }
    }

    /// Those of up to so many characters, as bits.
    func words(upTo count: Int) -> [UInt64] {
        if count < sets.count { return sets[count] }
        var words = sets[sets.count - 1]
        for (own, token) in longer {
            guard Int(own) <= count else { break }
            words[Int(token >> 6)] |= 1 << UInt64(token & 63)
        }
        return words
    }

    var byteCount: Int { sets.reduce(0) { $0 + 8 * $1.count } + longer.count * 8 }
}
