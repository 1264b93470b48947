import RGEdge
import System
import Text

/// Makes the answers of all requests with one model: some at the same time, the others wait in a queue.
final class Engine: Sendable {
    let model: Model
    let queue: JobQueue
    let snapshots: SnapshotStore
    /// Nil if sessions are kept in memory alone.
    let files: SessionFiles?
    let prompts = PromptsInProgress()
    let unfinished = UnfinishedAnswers()
    let constraints: ConstraintCache
    let encoder: EncoderKeeper
    let figures = Figures()
    let workers: [Worker]
    private let shutdown = Guarded((isDraining: false, mustStop: false))
    private let threads = Guarded<[Thread]>([])

    /// Throws if there is no memory for the sessions.
    init(
        _ model: Model, parallel: Int, queueLimit: Int, snapshotBytes: Int, files: SessionFiles?
    ) throws(ModelError) {
        self.model = model
        self.files = files
        queue = JobQueue(limit: queueLimit)
        snapshots = SnapshotStore(model, limit: snapshotBytes)
        constraints = ConstraintCache(model)
        encoder = EncoderKeeper(model)
        var workers: [Worker] = []
        for number in 0..<parallel { workers.append(Worker(number, session: try model.makeSession())) }
        self.workers = workers
    }

    /// Starts the threads that answer. Throws if the system has none left.
    func start() throws(ModelError) {
        for worker in workers {
            guard let thread = Thread("rg-answer", blocksSignals: true, { [self] in worker.run(in: self) }) else {
                throw ModelError(.memory, "the system has no thread left for answers; answer fewer at the same time")
            }
            threads.withLock { $0.append(thread) }
        }
    }

    /// Has a request answered; throws if too many wait already. `onEntry` is called before the first answer can begin.
    func submit(_ job: Job, onEntry: () -> Void) throws(APIError) {
        guard !isDraining else { throw .draining }
        queue.removeAbandoned()
        guard queue.add(job, onEntry: onEntry) else { throw isDraining ? .draining : .queueIsFull(retryAfter: retryAfter) }
        figures.noteRequest()
    }

    /// The constraint of a format; nil for none. Throws for one that can't be made.
    func constraint(of format: AnswerFormat) throws(ModelError) -> Constraint? {
        guard case .constrained(let form) = format else { return nil }
        return try constraints.constraint(form)
    }

    /// Seconds until there should be room in the queue.
    var retryAfter: Int {
        let seconds = figures.meanSeconds * Double(queue.count + 1) / Double(max(1, workers.count))
        return max(1, min(600, Int(seconds.rounded(.up))))
    }

    // MARK: - The end

    /// True once no new request is taken.
    var isDraining: Bool { shutdown.withLock { $0.isDraining } }
    /// True once answers are to stop before their next pass.
    var mustStop: Bool { shutdown.withLock { $0.mustStop } }

    /// Takes no more requests, and refuses those of which nothing has been made.
    func drain() {
        shutdown.withLock { $0.isDraining = true }
        for job in queue.close() { job.fail(.draining) }
    }

    /// Has answers stop before their next pass.
    func requestStop() {
        shutdown.withLock { $0 = (true, true) }
        for job in queue.removeAll() { job.fail(.draining) }
    }

    /// Has answers stop before their next pass, and waits until all sessions are saved.
    func stop() {
        requestStop()
        for thread in threads.withLock({ threads in
            defer { threads = [] }
            return threads
        }) { thread.join() }
    }

    /// True if nobody is answered.
    var isIdle: Bool { queue.isIdle }
}
