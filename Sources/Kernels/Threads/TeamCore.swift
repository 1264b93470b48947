import Synchronization

/// What the members of a ``ThreadTeam`` share: the gate to the current job, and the ticket to the shares of its current phase.
final class TeamCore: @unchecked Sendable {
    /// Written once, before the first job.
    var memberCount = 1

    /// The job of the open gate, and its first phase. Written only while nobody is inside.
    private var job: (any TeamJob)?
    private var firstPhase: UInt32 = 0

    /// The number of the job in the upper half; below it ``openBit`` and the number of threads inside.
    private let gate = Atomic<UInt64>(0)
    private static let openBit: UInt64 = 1 << 31
    private static let insideMask: UInt64 = openBit - 1
    private let isStopped = Atomic<Bool>(false)

    /// The phase in the upper half, the first item of it that nobody has taken in the lower.
    private let ticket = Atomic<UInt64>(0)
    /// Items of the phase that are done.
    private let done = Atomic<Int>(0)

    /// Members that run the jobs: those with the lowest numbers.
    private let active = Atomic<Int>(1)

    private let waiting = SpinWait()
    /// Where members wait who run no jobs: nobody wakes them for one.
    private let idle = SpinWait()

    /// Members that run the jobs. To be changed only while nobody is inside.
    var activeCount: Int {
        get { active.load(ordering: .sequentiallyConsistent) }
        set {
            let before = active.exchange(newValue, ordering: .sequentiallyConsistent)
            if newValue > before { idle.wake() }
        }
    }

    // MARK: - Jobs

    /// Lets the other members in and returns the job's first phase.
    func open(_ job: any TeamJob) -> UInt32 {
        self.job = job
        firstPhase = TeamCore.phase(ofTicket: ticket.load(ordering: .relaxed))
        let number = (gate.load(ordering: .relaxed) >> 32) &+ 1
        gate.store(number << 32 | TeamCore.openBit, ordering: .sequentiallyConsistent)
        waiting.wake()
        return firstPhase
    }

    /// Lets nobody in any more and waits for those inside.
    func close() {
        gate.bitwiseAnd(~TeamCore.openBit, ordering: .sequentiallyConsistent)
        waiting.wait { gate.load(ordering: .sequentiallyConsistent) & TeamCore.insideMask != 0 }
        job = nil
    }

    /// Waits for a job after number `seen` and enters it; false when the team ends.
    func enter(after seen: inout UInt32, member: TeamMember) -> Bool {
        let last = seen
        func isNew(_ gate: UInt64) -> Bool { UInt32(truncatingIfNeeded: gate >> 32) != last && gate & TeamCore.openBit != 0 }
        while true {
            idle.wait { member.index >= activeCount && !isStopped.load(ordering: .sequentiallyConsistent) }
            waiting.wait {
                !isNew(gate.load(ordering: .sequentiallyConsistent)) && member.index < activeCount
                    && !isStopped.load(ordering: .sequentiallyConsistent)
            }
            if isStopped.load(ordering: .sequentiallyConsistent) { return false }
            let current = gate.load(ordering: .sequentiallyConsistent)
            // If the gate is then still as it was, the number of members is that of its job.
            guard isNew(current), member.index < activeCount else { continue }
            if gate.compareExchange(expected: current, desired: current + 1, ordering: .sequentiallyConsistent).exchanged {
                seen = UInt32(truncatingIfNeeded: current >> 32)
                member.phase = firstPhase
                return true
            }
        }
    }

    /// Runs the job that was entered. No reference to it is left when this returns: the last one may own this very thread.
    @inline(never)
    func runJob(_ member: TeamMember) { job?.run(member) }

    /// Leaves the job that ``enter(after:member:)`` gave.
    func leave() {
        gate.wrappingSubtract(1, ordering: .sequentiallyConsistent)
        waiting.wake()
    }

    /// Ends the threads that wait in ``enter(after:member:)``.
    func stop() {
        isStopped.store(true, ordering: .sequentiallyConsistent)
        waiting.wake()
        idle.wake()
    }

    // MARK: - Shares

    static func phase(after phase: UInt32) -> UInt32 { phase &+ 1 }

    private static func phase(ofTicket ticket: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: ticket >> 32) }

    /// The next share of a phase of `count` items, at most 2^32 - 1; nil if all are taken or the phase is over.
    ///
    /// Large shares come first, which read memory in long runs, and small ones last, so that the members end together.
    func claim(phase: UInt32, count: Int, atLeast: Int) -> Range<Int>? {
        var current = ticket.load(ordering: .acquiring)
        while TeamCore.phase(ofTicket: current) == phase {
            let first = Int(UInt32(truncatingIfNeeded: current))
            let left = count - first
            guard left > 0 else { return nil }
            let size = TeamCore.shareSize(left: left, atLeast: atLeast, members: activeCount)
            let (exchanged, original) = ticket.weakCompareExchange(
                expected: current, desired: current + UInt64(size), ordering: .acquiringAndReleasing)
            if exchanged { return first..<first + size }
            current = original
        }
        return nil
    }

    /// Items of the next share where some are left: a fourth of what each member would get, but never fewer than `atLeast` (or 1).
    ///
    /// A fourth, since cores may differ: of a board's eight, four may take four times as long, and what one of those takes first
    /// must not outlast all the rest.
    static func shareSize(left: Int, atLeast: Int, members: Int) -> Int { min(left, max(1, atLeast, left / (4 * members))) }

    /// Counts items as done; whoever does the last ones ends the phase.
    func finish(_ items: Int, of count: Int, phase: UInt32) {
        guard done.wrappingAdd(items, ordering: .acquiringAndReleasing).newValue == count else { return }
        done.store(0, ordering: .relaxed)
        ticket.store(UInt64(TeamCore.phase(after: phase)) << 32, ordering: .sequentiallyConsistent)
        waiting.wake()
    }

    /// Waits until all shares of `phase` are done.
    func waitForEnd(of phase: UInt32) {
        waiting.wait { TeamCore.phase(ofTicket: ticket.load(ordering: .sequentiallyConsistent)) == phase }
    }
}
