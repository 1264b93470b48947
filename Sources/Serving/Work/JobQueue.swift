import RGEdge
import System

/// Answers that wait for a thread to make them, in the order in which their requests came.
final class JobQueue: Sendable {
    /// One answer of a request.
    struct Task: Sendable {
        let job: Job
        /// The number of its prompt, and of the answer to that.
        let prompt: Int
        let choice: Int
    }

    fileprivate struct State {
        /// Those of requests of which something has been made: they come first.
        var followUps: [Task] = []
        /// Those of requests that wait.
        var tasks: [Task] = []
        /// The requests that wait, and what they take.
        var jobs = 0, byteCount = 0
        /// Threads that wait for a task, and tasks that threads have taken and not ended.
        var idle = 0, running = 0
        var isClosed = false
    }

    /// Bytes of requests that may wait.
    static let byteLimit = 16 << 20

    private let monitor = Monitor()
    private nonisolated(unsafe) var state = State()
    private let limit: Int

    /// For requests of which at most `limit` wait, besides those that a thread is there for.
    init(limit: Int) { self.limit = limit }

    /// Answers that wait.
    var count: Int { monitor.withLock { state.tasks.count + state.followUps.count } }

    /// True if no answer waits or is being made.
    var isIdle: Bool { monitor.withLock { state.tasks.isEmpty && state.followUps.isEmpty && state.running == 0 } }

    /// True if another request may wait.
    var hasRoom: Bool {
        monitor.withLock { !state.isClosed && state.jobs < limit + state.idle && state.byteCount < Self.byteLimit }
    }

    /// Adds the first answer to each prompt of a request; false if the queue is full or closed. `onEntry` is called before one can be
    /// taken out.
    func add(_ job: Job, onEntry: () -> Void = {}) -> Bool {
        monitor.withLock {
            guard !state.isClosed, state.jobs < limit + state.idle, state.byteCount < Self.byteLimit else { return false }
            onEntry()
            state.jobs += 1
            state.byteCount += job.byteCount
            for prompt in job.request.prompts.indices { state.tasks.append(Task(job: job, prompt: prompt, choice: 0)) }
            monitor.wakeAll()
            return true
        }
    }

    /// Adds the other answers to a prompt that has been read: they come before all requests that wait.
    func addFollowUps(_ job: Job, prompt: Int) {
        guard job.request.count > 1 else { return }
        monitor.withLock {
            for choice in 1..<job.request.count { state.followUps.append(Task(job: job, prompt: prompt, choice: choice)) }
            monitor.wakeAll()
        }
    }

    /// The next answer to make, which the caller ends; nil once the queue is closed. Waits for one.
    func next() -> Task? {
        monitor.withLock {
            while true {
                if let task = state.take() {
                    state.running += 1
                    return task
                }
                // One that is being made may have others after it.
                if state.isClosed, state.running == 0 { return nil }
                state.idle += 1
                monitor.wait()
                state.idle -= 1
            }
        }
    }

    /// Ends a task that was taken.
    func end(_ task: Task) {
        monitor.withLock {
            state.running -= 1
            monitor.wakeAll()
        }
    }

    /// Removes what nobody waits for any more: it must not keep others out.
    func removeAbandoned() {
        monitor.withLock {
            state.followUps.removeAll { $0.job.isOver }
            _ = state.removeTasks { $0.job.isOver }
        }
    }

    /// Lets nothing more in, and returns the requests of which nothing has been made.
    func close() -> [Job] {
        monitor.withLock {
            state.isClosed = true
            monitor.wakeAll()
            return state.removeTasks { !$0.job.hasBegun }
        }
    }

    /// Lets nothing more in, and returns all requests that wait for something.
    func removeAll() -> [Job] {
        monitor.withLock {
            state.isClosed = true
            monitor.wakeAll()
            defer { state.followUps = [] }
            return state.followUps.map(\.job) + state.removeTasks { _ in true }
        }
    }
}

extension JobQueue.State {
    fileprivate mutating func take() -> JobQueue.Task? {
        if !followUps.isEmpty { return followUps.removeFirst() }
        guard !tasks.isEmpty else { return nil }
        let task = tasks.removeFirst()
        if task.prompt == task.job.request.prompts.count - 1 { leave(task.job) }
        task.job.noteStart()
        return task
    }

    private mutating func leave(_ job: Job) {
        jobs -= 1
        byteCount -= job.byteCount
    }

    /// Removes tasks of requests that wait, and returns the requests.
    fileprivate mutating func removeTasks(where isUnwanted: (JobQueue.Task) -> Bool) -> [Job] {
        var removed: [Job] = []
        tasks.removeAll { task in
            guard isUnwanted(task) else { return false }
            if task.prompt == task.job.request.prompts.count - 1 {
                removed.append(task.job)
            }
            return true
        }
        for job in removed { leave(job) }
        return removed
    }
}
