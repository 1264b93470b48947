import Glibc
import Grammar
import System

/// Chooses tokens from logits. Allocates 8 bytes per token of the vocabulary, once.
final class Sampler {
    /// A token that may still be chosen.
    private struct Candidate {
        var logit: Float
        var token: UInt32

        /// Larger logits first, then smaller tokens, so that the choice never depends on how a heap lies.
        static func < (left: Candidate, right: Candidate) -> Bool {
            left.logit < right.logit || (left.logit == right.logit && left.token > right.token)
        }
    }

    private let candidates: UnsafeMutablePointer<Candidate>
    private let vocabularySize: Int

    /// Bytes allocated for a vocabulary.
    static func byteCount(vocabularySize: Int) -> Int { vocabularySize * MemoryLayout<Candidate>.stride }

    /// Nil if the system has no memory for it.
    init?(vocabularySize: Int) {
        guard let candidates = SystemMemory.zeroed(Candidate.self, count: vocabularySize) else { return nil }
        self.vocabularySize = vocabularySize
        self.candidates = candidates
    }

    deinit { free(candidates) }

    /// The token to follow at `position`; nil if no logit is a number above -infinity.
    ///
    /// `logits` has the size of the vocabulary; a NaN is never chosen. With `allowed`, the logits of others count as
    /// -infinity, whatever they are. Takes time in proportion to the vocabulary, and for top-k
    /// and top-p to the logarithm of its size per token kept.
    func next(
        _ logits: UnsafePointer<Float>, recent: RecentTokens, position: Int64, _ sampling: Sampling, allowed: TokenMask? = nil
    ) -> UInt32? {
        let penalizes = sampling.hasPenalties && sampling.repetitionWindow > 0
        if sampling.temperature == 0 && !penalizes && sampling.logitBias.isEmpty {
            return allowed.map { mostLikely(logits, allowed: $0) } ?? mostLikely(logits)
        }
        fill(logits, allowed: allowed)
        bias(sampling.logitBias)
        if penalizes { penalize(recent, sampling) }
        let best = candidates[mostLikelyIndex(0..<vocabularySize)]
        guard best.logit > -.infinity else { return nil }
        if sampling.temperature == 0 { return best.token }

        var kept = 0..<vocabularySize
        if sampling.topK > 0 || sampling.topP < 1 { kept = select(topK: sampling.topK, topP: sampling.topP) }
        if sampling.minP > 0 { kept = keep(kept, minP: sampling.minP) }
        return draw(kept, sampling, position: position)
    }

    private func mostLikely(_ logits: UnsafePointer<Float>) -> UInt32? {
        var best: Int?
        var largest = -Float.infinity
        for token in 0..<vocabularySize where logits[token] > largest {
            largest = logits[token]
            best = token
        }
        return best.map { UInt32(truncatingIfNeeded: $0) }
    }

    private func mostLikely(_ logits: UnsafePointer<Float>, allowed: TokenMask) -> UInt32? {
        var best: UInt32?
        var largest = -Float.infinity
        allowed.forEach { token in
            guard logits[Int(token)] > largest else { return }
            largest = logits[Int(token)]
            best = token
        }
        return best
    }

    private func fill(_ logits: UnsafePointer<Float>, allowed: TokenMask?) {
        func candidate(_ token: Int) -> Candidate {
            Candidate(logit: logits[token].isNaN ? -.infinity : logits[token], token: UInt32(truncatingIfNeeded: token))
        }
        guard let allowed else {
            for token in 0..<vocabularySize { candidates[token] = candidate(token) }
            return
        }
        for token in 0..<vocabularySize {
            candidates[token] = Candidate(logit: -.infinity, token: UInt32(truncatingIfNeeded: token))
        }
        allowed.forEach { candidates[Int($0)] = candidate(Int($0)) }
    }

    private func mostLikelyIndex(_ range: Range<Int>) -> Int {
        var best = range.lowerBound
        for index in range where candidates[best] < candidates[index] { best = index }
        return best
    }

    // MARK: - Filters

    private func bias(_ bias: [UInt32: Float]) {
        for (token, value) in bias where Int(token) < vocabularySize { setLogit(candidates[Int(token)].logit + value, of: token) }
    }

    /// Each candidate still lies at its token's place, so where the token stands there is room to count it meanwhile.
    private func penalize(_ recent: RecentTokens, _ sampling: Sampling) {
        /// Marks a count; no vocabulary has as many tokens.
        let mark: UInt32 = 1 << 31
        recent.forEach(last: sampling.repetitionWindow) { token in
            let counted = candidates[Int(token)].token
            candidates[Int(token)].token = counted & mark == 0 ? mark | 1 : counted + 1
        }
        recent.forEach(last: sampling.repetitionWindow) { token in
            let counted = candidates[Int(token)].token
            guard counted & mark != 0 else { return }
            candidates[Int(token)].token = token
            let logit = candidates[Int(token)].logit
            let less = logit > 0 ? logit / sampling.repetitionPenalty : logit * sampling.repetitionPenalty
            setLogit(less - (Float(counted & ~mark) * sampling.frequencyPenalty + sampling.presencePenalty), of: token)
        }
    }

    /// Infinities of both signs may have met.
    private func setLogit(_ logit: Float, of token: UInt32) { candidates[Int(token)].logit = logit.isNaN ? -.infinity : logit }

    /// Moves the `topK` most likely candidates to the end, in rising order, and cuts them where they reach `topP`.
    private func select(topK: Int, topP: Float) -> Range<Int> {
        let limit = topK > 0 ? min(topK, vocabularySize) : vocabularySize
        // Without a top-k the probabilities are those among all tokens.
        var total = topK > 0 ? nil : sum(0..<vocabularySize)
        makeHeap()
        var first = vocabularySize
        var reached: Float = 0
        let largest = candidates[0].logit
        while first > vocabularySize - limit {
            popLargest(heapCount: first)
            first -= 1
            guard topK == 0 else { continue }
            reached += exp(candidates[first].logit - largest)
            if reached >= topP * (total ?? 1) { return first..<vocabularySize }
        }
        guard topK > 0, topP < 1 else { return first..<vocabularySize }
        total = sum(first..<vocabularySize)
        var cut = vocabularySize
        while cut > first, reached < topP * (total ?? 1) {
            cut -= 1
            reached += exp(candidates[cut].logit - largest)
        }
        return cut..<vocabularySize
    }

    /// Moves the candidates of a range that are likely enough to its end.
    private func keep(_ range: Range<Int>, minP: Float) -> Range<Int> {
        let least = candidates[mostLikelyIndex(range)].logit + log(minP)
        var first = range.upperBound
        for index in range.reversed() where candidates[index].logit >= least {
            first -= 1
            let kept = candidates[index]
            candidates[index] = candidates[first]
            candidates[first] = kept
        }
        // None is likely enough only if all logits are -infinity.
        return first < range.upperBound ? first..<range.upperBound : range
    }

    /// The sum of a range's probabilities, that of the most likely one counted as 1.
    private func sum(_ range: Range<Int>) -> Float {
        let largest = candidates[mostLikelyIndex(range)].logit
        return range.reduce(0) { $0 + exp(candidates[$1].logit - largest) }
    }

    private func draw(_ range: Range<Int>, _ sampling: Sampling, position: Int64) -> UInt32 {
        let best = mostLikelyIndex(range)
        let largest = candidates[best].logit
        func weight(_ index: Int) -> Double { Double(exp((candidates[index].logit - largest) / sampling.temperature)) }
        let total = range.reduce(0) { $0 + weight($1) }
        var rest = Sampler.uniform(seed: sampling.seed, position: position) * total
        for index in range {
            rest -= weight(index)
            if rest < 0 { return candidates[index].token }
        }
        return candidates[best].token
    }

    /// A number in 0..<1 that depends on seed and position alone, so that a fork or a rewound session draws as its original would:
    /// the finalizer of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014) over both.
    static func uniform(seed: UInt64, position: Int64) -> Double {
        func mix(_ value: UInt64) -> UInt64 {
            var mixed = value &+ 0x9E37_79B9_7F4A_7C15
            mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }
        return Double(mix(mix(seed) ^ UInt64(bitPattern: position)) >> 11) * 0x1p-53
    }

    // MARK: - A heap whose largest candidate is first

    private func makeHeap() {
        for index in (0..<vocabularySize / 2).reversed() { siftDown(from: index, heapCount: vocabularySize) }
    }

    /// Exchanges the largest of the first `heapCount` candidates with the last of them and mends the heap before it.
    private func popLargest(heapCount: Int) {
        let largest = candidates[0]
        candidates[0] = candidates[heapCount - 1]
        candidates[heapCount - 1] = largest
        siftDown(from: 0, heapCount: heapCount - 1)
    }

    private func siftDown(from start: Int, heapCount: Int) {
        guard start < heapCount else { return }
        let moved = candidates[start]
        var index = start
        while 2 * index + 1 < heapCount {
            var child = 2 * index + 1
            if child + 1 < heapCount, candidates[child] < candidates[child + 1] { child += 1 }
            guard moved < candidates[child] else { break }
            candidates[index] = candidates[child]
            index = child
        }
        candidates[index] = moved
    }
}

extension Sampling {
    /// True if tokens that were there before have other logits.
    fileprivate var hasPenalties: Bool { repetitionPenalty != 1 || presencePenalty != 0 || frequencyPenalty != 0 }
}
