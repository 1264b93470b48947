import Glibc
import System

/// Work that all members of a ``ThreadTeam`` do together.
public protocol TeamJob: AnyObject {
    /// Runs the job. Every member calls this, and must come to the same calls of ``TeamMember/share(_:atLeast:_:)`` in the same
    /// order with the same counts.
    func run(_ member: TeamMember)
}

/// Threads that stay, for work that is split very often: a token passes some 200 splits, each of microseconds.
///
/// The caller is member 0. A job is one call of ``run(_:)``; inside it, ``TeamMember/share(_:atLeast:_:)`` hands out shares to
/// whoever asks and ends when all shares are done. Nobody waits for a member that holds no share: where another process takes a
/// core away, the others do the work, and the late member finds the shares gone. Waiting spins for some microseconds, then sleeps.
///
/// One job at a time: callers keep others out. Nothing is allocated after `init`, except in a child process after fork(2): the
/// other threads don't exist there, and its first job starts new ones.
public final class ThreadTeam: @unchecked Sendable {
    /// Members, the caller included.
    public var count: Int { core.memberCount }

    private var core: TeamCore
    private var caller: TeamMember
    private var threads: [Thread] = []
    private var process: pid_t

    /// Starts `count` - 1 threads; fewer if the system refuses some, which ``count`` then tells.
    public init(count: Int) {
        core = TeamCore()
        caller = TeamMember(index: 0, core: core)
        process = getpid()
        startThreads(count)
    }

    private func startThreads(_ count: Int) {
        for index in 1..<max(2, count) where count > 1 {
            nonisolated(unsafe) let member = TeamMember(index: index, core: core)
            // Signals are for the threads of the program that uses this one.
            guard let thread = Thread("rg-compute", blocksSignals: true, { member.live() }) else { break }
            threads.append(thread)
        }
        core.memberCount = threads.count + 1
    }

    deinit {
        guard getpid() == process else { return }
        core.stop()
        for thread in threads { thread.join() }
    }

    /// Makes the team of a child process. What the parent's threads share is left as it is, locks that they held included.
    private func restart() {
        let count = core.memberCount
        _ = Unmanaged.passRetained(core)
        core = TeamCore()
        caller = TeamMember(index: 0, core: core)
        threads.removeAll()
        process = getpid()
        startThreads(count)
    }

    /// Runs a job on the first `members`, or on all, and returns when it is done. The others sleep meanwhile.
    public func run(_ job: any TeamJob, members: Int? = nil) {
        guard core.memberCount > 1 else { return job.run(caller) }
        if getpid() != process { restart() }
        let members = max(1, min(members ?? count, count))
        core.activeCount = members
        guard members > 1 else { return job.run(caller) }
        caller.phase = core.open(job)
        job.run(caller)
        core.close()
    }
}
