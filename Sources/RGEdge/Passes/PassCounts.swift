/// What passes have been computed.
package struct PassCounts: Sendable {
    /// Passes, the runs in them, and their tokens.
    package private(set) var passes = 0, runs = 0, tokens = 0
    /// Seconds of the longest.
    package private(set) var longest = 0.0
    /// Seconds that threads waited for those of the pass before.
    package private(set) var secondsWaited = 0.0

    mutating func note(runs: Int, tokens: Int, seconds: Double) {
        passes += 1
        self.runs += runs
        self.tokens += tokens
        longest = max(longest, seconds)
    }

    mutating func noteWait(_ seconds: Double) { secondsWaited += seconds }
}
