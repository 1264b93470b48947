/// How far to look ahead, judged by what it has saved so far and by what a guess costs: next to nothing where a pass waits for
/// weights from the disk.
struct DraftLength {
    private let longest: Int
    /// Guesses that are made next, when not pausing.
    private var guesses: Int
    /// Seconds per token without guesses, and with them: moving averages, 0 before the first.
    private var plainSeconds = 0.0
    private var chunkSeconds = 0.0
    private var lastChunkSeconds = 0.0
    /// Tokens to feed without guesses before the next try, and how many after a try that fails.
    private var pause = 0
    private var nextPause = Self.firstPause

    /// Tokens measured without guesses, and chunks since the last of them: it is measured again, as other programs come and go.
    private var measurements = 0
    private var chunks = 0

    private static let firstPause = 16, longestPause = 1024
    private static let firstMeasurements = 2, chunksToMeasurement = 32
    /// The part of a pass without guesses that guesses may cost even if they turn out wrong.
    private static let affordableShare = 1.0 / 16
    /// The weight of the newest measurement.
    private static let weight = 0.25

    init(longest: Int) {
        self.longest = longest
        guesses = min(longest, 4)
    }

    /// Guesses to make with the next token.
    var length: Int {
        pause > 0 || measurements < Self.firstMeasurements || chunks >= Self.chunksToMeasurement ? 0 : guesses
    }

    mutating func notePlain(seconds: Double) {
        // The first may have waited for the disk.
        plainSeconds = seconds < plainSeconds / 2 ? seconds : average(plainSeconds, seconds)
        measurements += 1
        chunks = 0
        pause = max(0, pause - 1)
    }

    mutating func noteChunk(seconds: Double) { lastChunkSeconds = seconds }

    /// Takes note of a chunk of `count` tokens, `used` of which were fed.
    mutating func noteUsed(_ used: Int, of count: Int) {
        // All were right: guess more. Otherwise one more than were right, or as many as cost next to nothing.
        guesses = min(longest, max(used == count ? 2 * guesses : used, affordable(of: count - 1)))
        chunkSeconds = average(chunkSeconds, lastChunkSeconds / Double(used))
        chunks += 1
        if chunkSeconds < plainSeconds || affordable(of: count - 1) >= count - 1 {
            nextPause = Self.firstPause
        } else {
            pause = nextPause
            nextPause = min(2 * nextPause, Self.longestPause)
            // The next try counts by itself.
            chunkSeconds = 0
        }
    }

    /// How many guesses cost next to nothing, if those of the last chunk took what it took longer than a token alone.
    private func affordable(of lastGuesses: Int) -> Int {
        let seconds = max(0, lastChunkSeconds - plainSeconds), limit = Self.affordableShare * plainSeconds
        return seconds * Double(longest) <= limit * Double(lastGuesses) ? longest : Int(limit * Double(lastGuesses) / seconds)
    }

    private func average(_ old: Double, _ new: Double) -> Double { old == 0 ? new : old + Self.weight * (new - old) }
}
