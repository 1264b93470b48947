import Glibc
import Griffin
import System

/// Gathers what the sessions of a model want of the forward pass into common passes, in order of arrival.
///
/// There is no thread for it: one of the threads that wait computes for all, and takes no longer than its own pass. A session that
/// is alone waits for nobody. Where several are at work, a pass waits a moment for those that were in the one before, whose
/// next token is being chosen: otherwise they would fall into groups, each of which reads all weights.
///
/// A pass takes as many tokens as its ``latency`` allows, so that one with a long prompt doesn't keep others waiting.
final class PassQueue: @unchecked Sendable {
    /// What computes. To be used in ``alone(_:)`` only, except for what never changes.
    let forwardPass: ForwardPass
    /// Seconds that a pass should take at most.
    private let latency: Double
    /// Told before and after each pass, while nobody else computes.
    private let watcher: any PassWatcher

    private let monitor = Monitor()
    // All below is used under the monitor, except that whoever has set `isComputing` uses the batch.

    /// In order of arrival.
    private var waiting: [PassRequest] = []
    private var isComputing = false
    /// What the pass that is computed takes, and how many tokens of each.
    private var batch: [(request: PassRequest, count: Int)] = []
    private var failed: [(request: PassRequest, error: ForwardPassError)] = []
    private var runs: [Run] = []
    private var shares: PassShares
    private var times: PassTimes
    /// How many threads compute a pass of one token; nil if all do.
    private var threadChoice: ThreadChoice?
    /// Whose token it has taken note of last.
    private var lastTokenSession: ObjectIdentifier?
    /// Who was in the last pass, and when that ended.
    private var last: [(request: ObjectIdentifier, thread: pthread_t)] = []
    private var lastSeconds = 0.0, sinceLast = Stopwatch()
    /// True if the last pass was for several, or one came while it was computed.
    private var isShared = false
    /// Passes so far, and what they took.
    private var counts = PassCounts()

    /// The part of the last pass's time that the next one waits for those who were in it, and the part of the latency that this is
    /// at most. Meanwhile those threads choose their tokens, so little is lost; with an eighth of the pass, one of sixteen sessions
    /// often missed it, and waited for two (95 % of 16 clients' tokens came within 241 ms, now 175).
    private static let patience = 1.0 / 3, longestPatience = 1.0 / 4
    /// The parts of the greatest speed that a prompt keeps where passes are short, beside others and alone.
    private static let leastSpeed = 0.85, leastSpeedAlone = 0.95

    /// Passes of no longer than `latency` seconds, if that is possible. All threads compute each of them, or, if `choosesThreads`, as
    /// many those of one token as are found to be fastest.
    init(_ forwardPass: ForwardPass, latency: Double, choosesThreads: Bool, watcher: any PassWatcher) {
        self.forwardPass = forwardPass
        self.latency = latency
        self.watcher = watcher
        let capacity = forwardPass.runCapacity
        shares = PassShares(capacity: capacity)
        times = PassTimes(capacity: forwardPass.chunkCapacity)
        if choosesThreads, forwardPass.team.count >= ThreadChoice.fewestThreads {
            threadChoice = ThreadChoice(most: forwardPass.team.count)
        }
        waiting.reserveCapacity(capacity)
        batch.reserveCapacity(capacity)
        runs.reserveCapacity(capacity)
        last.reserveCapacity(capacity)
    }

    /// Passes so far.
    var passCounts: PassCounts { monitor.withLock { counts } }
    /// Requests that wait for a pass to begin.
    var waitingCount: Int { monitor.withLock { waiting.count } }
    /// True while somebody computes.
    var isBusy: Bool { monitor.withLock { isComputing } }

    /// Waits until a pass has taken tokens of a request, which has been prepared; computes it if nobody does.
    func serve(_ request: PassRequest) {
        monitor.withLock { waiting.append(request) }
        serve { request.isServed }
    }

    /// The same for several, in no more passes than it takes.
    func serve(_ requests: [PassRequest]) {
        monitor.withLock { waiting += requests }
        serve { requests.allSatisfy(\.isServed) }
    }

    /// Runs `body` while nobody computes.
    func alone<Result, Failure: Error>(_ body: (ForwardPass) throws(Failure) -> Result) throws(Failure) -> Result {
        monitor.withLock {
            while isComputing { monitor.wait() }
            isComputing = true
        }
        defer {
            monitor.withLock {
                isComputing = false
                monitor.wakeAll()
            }
        }
        return try body(forwardPass)
    }

    private func serve(until isDone: () -> Bool) {
        while isToCompute(unless: isDone) {
            compute()
            monitor.withLock { endPass() }
        }
    }

    /// Waits until what the caller waits for is done, or until it is the one to compute, and has begun a pass.
    private func isToCompute(unless isDone: () -> Bool) -> Bool {
        monitor.withLock {
            while !isDone() {
                if isComputing {
                    monitor.wait()
                    continue
                }
                let seconds = secondsToWait
                guard seconds > 0 else {
                    beginPass()
                    return true
                }
                let watch = Stopwatch()
                monitor.wait(seconds: seconds)
                counts.noteWait(watch.seconds)
            }
            return false
        }
    }

    /// Seconds until a pass should begin although somebody is missing; 0 if nobody is.
    private var secondsToWait: Double {
        guard isShared, waiting.count < forwardPass.runCapacity else { return 0 }
        let isSomebodyMissing = last.contains { member in
            // A thread that waits here for one session won't come with another.
            !waiting.contains { ObjectIdentifier($0) == member.request || $0.thread == member.thread }
        }
        let patience = min(Self.patience * lastSeconds, Self.longestPatience * latency)
        return isSomebodyMissing ? max(0, patience - sinceLast.seconds) : 0
    }

    // MARK: - A pass

    private func beginPass() {
        isComputing = true
        shares.removeAll()
        var isPrompt = false
        for request in waiting.prefix(forwardPass.runCapacity) {
            shares.append(PassShares.Share(wanted: request.tokens.count, isWhole: request.isWhole))
            if !request.isWhole, request.tokens.count > 1 { isPrompt = true }
        }
        let isAlone = waiting.count == 1 && !isShared
        // Each gets a token in any case: only prompts have to know how long passes take.
        let target =
            isPrompt ? times.tokens(latency: latency, least: isAlone ? Self.leastSpeedAlone : Self.leastSpeed) : shares.shares.count
        shares.divide(target: target, capacity: forwardPass.chunkCapacity)
        for (index, share) in shares.shares.enumerated() where share.given > 0 { batch.append((waiting[index], share.given)) }
        waiting.removeAll { request in batch.contains { $0.request === request } }
    }

    /// Computes the batch, without those that the model can't compute.
    private func compute() {
        watcher.passBegins()
        while !batch.isEmpty {
            sinceLast = Stopwatch()
            for (request, count) in batch { runs.append(request.run(count)) }
            defer { runs.removeAll(keepingCapacity: true) }
            let isToken = batch.count == 1 && batch[0].count == 1
            do throws(ForwardPassError) {
                let threads = isToken ? threadChoice?.next : nil
                try runs.withUnsafeBufferPointer { runs throws(ForwardPassError) in try forwardPass.feed(runs, threads: threads) }
                lastSeconds = sinceLast.seconds
                if isToken { noteToken(batch[0].request) }
                break
            } catch {
                // The others' runs are right, but were taken back.
                for (run, entry) in batch.enumerated().reversed() {
                    let own =
                        if case .nonFinite = error { forwardPass.nonFiniteNumbers(ofRun: run).map(ForwardPassError.nonFinite) } else
                        { error }
                    guard let own else { continue }
                    failed.append((entry.request, own))
                    batch.remove(at: run)
                }
            }
        }
        watcher.passEnds(forwardPass)
    }

    /// Takes note of the time of a token's pass. Those that compute a part of the head or none of it take another time, and what is
    /// of another session is at another place.
    private func noteToken(_ request: PassRequest) {
        guard threadChoice != nil, request.wantsWholeHead else { return }
        let session = ObjectIdentifier(request.memory)
        if session != lastTokenSession { threadChoice?.interrupt() }
        lastTokenSession = session
        let before = threadChoice?.chosen
        threadChoice?.note(seconds: lastSeconds)
        guard let threads = threadChoice?.chosen, threads != before else { return }
        Log.tell(.info, "tokens are computed by \(threads) of \(forwardPass.team.count) threads from now on, which is faster")
    }

    private func endPass() {
        let tokens = batch.reduce(0) { $0 + $1.count }
        if tokens > 0 { times.note(tokens: tokens, seconds: lastSeconds) }
        counts.note(runs: batch.count, tokens: tokens, seconds: lastSeconds)
        last.removeAll(keepingCapacity: true)
        for (request, count) in batch {
            last.append((ObjectIdentifier(request), request.thread))
            request.serve(count)
        }
        for (request, error) in failed { request.fail(error) }
        isShared = batch.count > 1 || !waiting.isEmpty
        batch.removeAll(keepingCapacity: true)
        failed.removeAll(keepingCapacity: true)
        sinceLast = Stopwatch()
        isComputing = false
        monitor.wakeAll()
    }
}
