/// How the tokens of a pass are shared out among those that wait.
///
/// Answers, of a token or a few each, come first; what they leave goes to prompts, in equal shares, and what a short prompt doesn't
/// need to the longer ones. Prompts get some even if answers fill the pass.
struct PassShares {
    /// What one that waits wants, and gets.
    struct Share {
        /// Tokens, at least one.
        let wanted: Int
        /// True for all or none.
        let isWhole: Bool
        /// 0 if it must wait for the next pass.
        fileprivate(set) var given = 0

        init(wanted: Int, isWhole: Bool) {
            self.wanted = wanted
            self.isWhole = isWhole
        }
    }

    /// In order of arrival.
    private(set) var shares: [Share] = []

    /// The part of a pass that is for prompts, if answers could fill it.
    private static let leastPart = 4

    /// Room for so many, without allocating.
    init(capacity: Int) { shares.reserveCapacity(capacity) }

    mutating func removeAll() { shares.removeAll(keepingCapacity: true) }

    mutating func append(_ share: Share) { shares.append(share) }

    /// Shares out `target` tokens: more if the answers and the least part of prompts need more, up to `capacity`, which is at least
    /// what the first one wants whole.
    mutating func divide(target: Int, capacity: Int) {
        var used = 0, prompts = 0
        for index in shares.indices {
            let least = shares[index].isWhole ? shares[index].wanted : 1
            guard used + least <= capacity else { continue }
            shares[index].given = least
            used += least
            if !shares[index].isWhole, shares[index].wanted > least { prompts += 1 }
        }
        var left = min(capacity - used, max(target - used, target / Self.leastPart))
        while left > 0, prompts > 0 {
            let part = max(1, left / prompts)
            for index in shares.indices where shares[index].given > 0 && shares[index].given < shares[index].wanted {
                let more = min(part, left, shares[index].wanted - shares[index].given)
                shares[index].given += more
                left -= more
                if shares[index].given == shares[index].wanted { prompts -= 1 }
            }
        }
    }
}
