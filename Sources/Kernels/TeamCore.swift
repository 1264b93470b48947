import Synchronization

/// What the members of a ``ThreadTeam`` share: the gate to the current job, and the ticket to the pieces of its current phase.
final class TeamCore: @unchecked Sendable {
    /// Written once, before the first job.
    var memberCount = 1

    /// The job of the open gate, and its first phase. Written only while nobody is inside.
    private var job: (any TeamJob)?
    private var firstPhase: UInt64 = 0

    /// The number of the job in the upper half; below it ``openBit`` and the number of threads inside.
    private let gate = Atomic<UInt64>(0)
    private static let openBit: UInt64 = 1 << 31
    private static let insideMask: UInt64 = openBit - 1
    private let isStopped = Atomic<Bool>(false)

    /// The phase in the upper bits, the next piece of it that nobody has taken in the lower ``pieceBits``.
    private let ticket = Atomic<UInt64>(0)
    private static let pieceBits: UInt64 = 24
    private static let pieceMask: UInt64 = (1 << pieceBits) - 1
    /// Pieces of the phase that are done.
    private let done = Atomic<Int>(0)

    private let bell = Bell()

    // MARK: - Jobs

    /// Lets the other members in and returns the job's first phase.
    func open(_ job: any TeamJob) -> UInt64 {
        self.job = job
        firstPhase = ticket.load(ordering: .relaxed) >> TeamCore.pieceBits
        let number = (gate.load(ordering: .relaxed) >> 32) &+ 1
        gate.store(number << 32 | TeamCore.openBit, ordering: .sequentiallyConsistent)
        bell.ring()
        return firstPhase
    }

    /// Lets nobody in any more and waits for those inside.
    func close() {
        gate.bitwiseAnd(~TeamCore.openBit, ordering: .sequentiallyConsistent)
        bell.wait { gate.load(ordering: .sequentiallyConsistent) & TeamCore.insideMask != 0 }
        job = nil
    }

    /// Waits for a job after number `seen` and enters it; false when the team ends.
    func enter(after seen: inout UInt32, member: TeamMember) -> Bool {
        while true {
            let last = seen
            bell.wait {
                let current = gate.load(ordering: .sequentiallyConsistent)
                let isNew = UInt32(truncatingIfNeeded: current >> 32) != last && current & TeamCore.openBit != 0
                return !isNew && !isStopped.load(ordering: .sequentiallyConsistent)
            }
            if isStopped.load(ordering: .sequentiallyConsistent) { return false }
            let current = gate.load(ordering: .sequentiallyConsistent)
            guard current & TeamCore.openBit != 0 else { continue }
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
        bell.ring()
    }

    /// Ends the threads that wait in ``enter(after:member:)``.
    func stop() {
        isStopped.store(true, ordering: .sequentiallyConsistent)
        bell.ring()
    }

    // MARK: - Pieces

    /// Items a piece: at least `atLeast`, at most what gives each member several, so that they end together.
    static func pieceSize(_ count: Int, atLeast: Int, members: Int) -> Int {
        let piecesEach = 8
        let even = count / (members * piecesEach)
        // A phase has at most 2^24 - 1 pieces.
        return max(atLeast, even, count >> 23, 1)
    }

    static func phase(after phase: UInt64) -> UInt64 { (phase &+ 1) & (UInt64.max >> pieceBits) }

    /// The next piece of `phase`, or nil if all are taken or the phase is over.
    func claim(phase: UInt64, pieces: Int) -> Int? {
        var current = ticket.load(ordering: .acquiring)
        while current >> TeamCore.pieceBits == phase {
            let piece = Int(current & TeamCore.pieceMask)
            guard piece < pieces else { return nil }
            let (exchanged, original) = ticket.weakCompareExchange(
                expected: current, desired: current + 1, ordering: .acquiringAndReleasing)
            if exchanged { return piece }
            current = original
        }
        return nil
    }

    /// Counts a piece as done; whoever does the last one ends the phase.
    func finishPiece(phase: UInt64, pieces: Int) {
        guard done.wrappingAdd(1, ordering: .acquiringAndReleasing).newValue == pieces else { return }
        done.store(0, ordering: .relaxed)
        ticket.store(TeamCore.phase(after: phase) << TeamCore.pieceBits, ordering: .sequentiallyConsistent)
        bell.ring()
    }

    /// Waits until all pieces of `phase` are done.
    func waitForEnd(of phase: UInt64) {
        bell.wait { ticket.load(ordering: .sequentiallyConsistent) >> TeamCore.pieceBits == phase }
    }
}
