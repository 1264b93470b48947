/// One thread's part in the jobs of a ``ThreadTeam``.
public final class TeamMember {
    /// 0 for the thread that called ``ThreadTeam/run(_:)``.
    public let index: Int
    private let core: TeamCore
    /// The phase of the job that this member is in: each ``share(_:atLeast:_:)`` is one.
    var phase: UInt32 = 0

    init(index: Int, core: TeamCore) {
        self.index = index
        self.core = core
    }

    /// Members that run the current job: those with the lowest numbers.
    public var count: Int { core.activeCount }

    /// Does items 0..<`count` together with the other members: calls `body` with ranges until none is left, and returns when all
    /// of them are done, by whomever. What was written by other members is then visible.
    ///
    /// Ranges have `atLeast` items or more, except the last one; `atLeast` should be worth about a microsecond. `count` is below
    /// 2^32.
    @inline(__always)
    public func share(_ count: Int, atLeast: Int = 1, _ body: (Range<Int>) -> Void) {
        guard count > 0 else { return }
        guard core.activeCount > 1 else { return body(0..<count) }
        while let items = core.claim(phase: phase, count: count, atLeast: atLeast) {
            body(items)
            core.finish(items.count, of: count, phase: phase)
        }
        core.waitForEnd(of: phase)
        phase = TeamCore.phase(after: phase)
    }

    /// A thread's life: jobs until the team ends.
    func live() {
        var seen: UInt32 = 0
        while core.enter(after: &seen, member: self) {
            core.runJob(self)
            core.leave()
        }
    }
}
