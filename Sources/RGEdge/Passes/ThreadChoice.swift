/// How many threads compute the passes of one token, which wait for memory more than for arithmetic.
///
/// Some machines read memory faster with fewer threads than they have cores: a Raspberry Pi 5 13.2 GB/s with two and 11.6 with four.
/// So after some tokens of a session, and now and then afterwards, some passes are computed by half as many threads, or by twice as
/// many, in turns with the number in use, which changes only if another one is clearly faster. Nothing is computed for it that
/// would not be computed anyway, and the results do not depend on it.
struct ThreadChoice {
    /// Fewest threads that have a choice: of two or three, one alone was never seen to read fastest, and trying it costs 2 % of an
    /// answer of 300 tokens.
    static let fewestThreads = 4
    /// Passes of a session before the first trial.
    static let passesBefore = 16
    /// Passes from one round of trials to the next: other programs come and go.
    static let passesBetween = 2_048
    /// The same right after a change to fewer threads, which may have been such a program's doing; twice as many each time that the
    /// choice stands.
    static let passesAfterChange = 64
    /// Passes of a turn. The first one of each is not counted: threads wake up.
    private static let passesPerTurn = 4
    /// Turns of each number.
    private static let turns = 4
    /// The part of the time that another number may take at most to be chosen.
    private static let clearlyFaster = 0.97
    /// How many times as much time it may take in its first turn for the trial to go on.
    private static let hopeless = 1.05

    /// The number that is in use outside trials.
    private(set) var chosen: Int
    private let most: Int
    private var passesLeft = ThreadChoice.passesBefore
    /// Passes between rounds at this time.
    private var interval = ThreadChoice.passesBetween
    private var trial: Trial?
    /// Times of the trial: of its number of threads, and of the one in use.
    private var tried = Times(), current = Times()
    /// True if a trial of this round has changed the number.
    private var hasMoved = false
    /// True if this round has tried numbers on one side and is on the other.
    private var hasTurned = false

    /// One number of threads beside the one in use.
    private struct Trial {
        let threads: Int
        /// True where fewer threads are tried.
        let isDownward: Bool
        /// Passes so far.
        var passes = 0

        /// Whether the next pass is one of this number's. Turns are mirrored, AB BA AB BA, so that what changes steadily cancels out.
        var isTurn: Bool { (passes / ThreadChoice.passesPerTurn + 1) & 2 != 0 }
        var isFirstOfTurn: Bool { passes % ThreadChoice.passesPerTurn == 0 }
    }

    /// Some times, in rising order.
    private struct Times {
        private var sorted: [Double] = []

        init() { sorted.reserveCapacity(ThreadChoice.turns * ThreadChoice.passesPerTurn) }

        mutating func removeAll() { sorted.removeAll(keepingCapacity: true) }
        mutating func add(_ time: Double) { sorted.insert(time, at: sorted.firstIndex { $0 > time } ?? sorted.count) }
        var least: Double { sorted.first ?? .infinity }
        /// What a fourth of them is below: what holds passes up only ever makes them longer.
        var usual: Double { sorted.isEmpty ? .infinity : sorted[sorted.count / 4] }
    }

    /// At first all of `most` threads.
    init(most: Int) {
        self.most = most
        chosen = most
    }

    /// Threads for the next pass of one token.
    var next: Int { trial.map { $0.isTurn ? $0.threads : chosen } ?? chosen }

    /// Takes note of the time of a pass of one token that ``next`` threads computed.
    mutating func note(seconds: Double) {
        guard seconds > 0, seconds.isFinite else { return }
        guard trial != nil else {
            passesLeft -= 1
            // Where fewer are in use, more of them come first.
            if passesLeft <= 0 { begin(downward: chosen == most) }
            return
        }
        noteInTrial(seconds)
    }

    /// Other tokens follow than those that went on from the last ones: their times can't be compared, and a trial begins anew.
    mutating func interrupt() {
        if trial != nil {
            trial = nil
            hasMoved = false
            hasTurned = false
            passesLeft = Self.passesBefore
        } else {
            passesLeft = max(passesLeft, Self.passesBefore)
        }
    }

    /// Begins the trial of half as many threads or of twice as many; of neither if there is no such number.
    private mutating func begin(downward: Bool) {
        let threads = downward ? (chosen + 1) / 2 : min(most, 2 * chosen)
        if threads >= 1, threads != chosen {
            trial = Trial(threads: threads, isDownward: downward)
            tried.removeAll()
            current.removeAll()
        } else {
            turn(from: downward)
        }
    }

    /// Goes on with numbers on the other side, unless they have been tried; but soon after a change to fewer threads looks upward
    /// alone.
    private mutating func turn(from downward: Bool) {
        let isSoon = chosen < most && interval < Self.passesBetween
        guard !hasMoved, !hasTurned, downward || !isSoon else { return endTrials() }
        hasTurned = true
        begin(downward: !downward)
    }

    private mutating func endTrials() {
        if chosen == most {
            interval = Self.passesBetween
        } else {
            interval = hasMoved ? Self.passesAfterChange : min(2 * interval, Self.passesBetween)
        }
        trial = nil
        hasMoved = false
        hasTurned = false
        passesLeft = interval
    }

    private mutating func noteInTrial(_ seconds: Double) {
        guard var trial else { return }
        if !trial.isFirstOfTurn {
            if trial.isTurn { tried.add(seconds) } else { current.add(seconds) }
        }
        trial.passes += 1
        self.trial = trial
        let isHopeless = trial.passes == 2 * Self.passesPerTurn && tried.least > Self.hopeless * current.least
        guard isHopeless || trial.passes == 2 * Self.turns * Self.passesPerTurn else { return }
        if !isHopeless, tried.usual < Self.clearlyFaster * current.usual {
            // What was in use before is slower: only the numbers beyond are left.
            let isDownward = trial.isDownward
            chosen = trial.threads
            hasMoved = true
            if isDownward ? chosen > 1 : chosen < most { begin(downward: isDownward) } else { endTrials() }
        } else {
            turn(from: trial.isDownward)
        }
    }
}
