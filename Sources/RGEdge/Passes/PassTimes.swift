/// How long passes take, as measured, and how many tokens a pass had better have.
///
/// A pass of n tokens takes perToken × (n + fixed): part of it, such as reading the weights, is the same for one token and for many.
/// `perToken` follows each pass, as other programs come and go; `fixed` is learned where a short pass follows a long one or the
/// other way round.
struct PassTimes {
    /// A pass that was measured.
    private struct Pass {
        let tokens: Double, seconds: Double

        /// Seconds for a token, if what is the same for any number counts as `fixed` tokens.
        func perToken(fixed: Double) -> Double { seconds / (tokens + fixed) }
    }

    private let capacity: Int
    private var last: Pass?
    /// Seconds: a moving average; nil before the first pass.
    private var perToken: Double?
    /// What takes the same time for any number of tokens, as a number of tokens.
    private var fixed = 0.0
    /// True if a pass of a prompt was measured: answers alone say too little.
    private var knowsPrompts = false

    /// Tokens of the first prompt's first pass: enough for nearly full speed on most machines.
    private static let firstTokens = 32
    /// The weight of the newest measurement.
    private static let weight = 0.25
    /// How many times as many tokens one of two passes must have for their difference to tell more than noise.
    private static let leastRatio = 4.0

    /// Nothing is known of passes of up to `capacity` tokens.
    init(capacity: Int) { self.capacity = capacity }

    /// Takes note of a pass of so many tokens.
    mutating func note(tokens: Int, seconds: Double) {
        guard tokens > 0, seconds > 0, seconds.isFinite else { return }
        let pass = Pass(tokens: Double(tokens), seconds: seconds), before = last ?? pass
        last = pass
        if tokens >= min(Self.firstTokens, capacity) { knowsPrompts = true }
        learnFixed(pass, before)
        // One that took long by itself was stopped, or waited for something: only the second one counts.
        let counted = min(pass.perToken(fixed: fixed), before.perToken(fixed: fixed))
        guard let old = perToken else { return perToken = counted }
        // Far from the average: things have changed.
        let isNew = counted < old / 2 || counted > 2 * old
        perToken = isNew ? counted : old + Self.weight * (counted - old)
    }

    private mutating func learnFixed(_ one: Pass, _ other: Pass) {
        let (short, long) = one.tokens < other.tokens ? (one, other) : (other, one)
        guard long.tokens >= Self.leastRatio * short.tokens else { return }
        let slope = max(0, long.seconds - short.seconds) / (long.tokens - short.tokens)
        let constant = max(0, short.seconds - slope * short.tokens), most = Double(4 * capacity)
        let measured = slope > 0 ? min(constant / slope, most) : most
        fixed += (fixed == 0 ? 1 : Self.weight) * (measured - fixed)
    }

    /// Tokens of which a pass takes no longer than `latency` seconds; more if otherwise prompts would come to less than the `least`
    /// part of the speed that the largest pass gives.
    func tokens(latency: Double, least: Double) -> Int {
        guard knowsPrompts, let perToken else { return min(Self.firstTokens, capacity) }
        let all = Double(capacity)
        let inTime = latency / perToken - fixed
        // n / (n + fixed) is `least` of all / (all + fixed).
        let fastEnough = least * all * fixed / (all * (1 - least) + fixed)
        let tokens = min(all, max(1, inTime, fastEnough > 0 ? fastEnough + 3 : 0))
        guard tokens.isFinite else { return capacity }
        // Kernels take four tokens at a time.
        return tokens < 8 ? Int(tokens) : Int(tokens) & ~3
    }
}
