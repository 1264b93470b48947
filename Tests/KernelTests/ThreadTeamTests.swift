import Glibc
import Synchronization
import Testing

@testable import Kernels

/// A job made of phases that each need all of the one before.
private final class SumJob: TeamJob {
    let items: Int
    let phases: Int
    let sink: UnsafeMutablePointer<Int>

    init(items: Int, phases: Int) {
        self.items = items
        self.phases = phases
        sink = .allocate(capacity: items)
        sink.initialize(repeating: 0, count: items)
    }

    deinit { sink.deallocate() }

    func run(_ member: TeamMember) {
        for phase in 0..<phases {
            // Each item becomes the old value of its mirror image plus one, so a share done twice, left out or done before the end
            // of the last phase shows.
            let half = items / 2
            member.share(half) { range in
                for item in range {
                    let mirror = items - 1 - item
                    let (a, b) = (sink[item], sink[mirror])
                    sink[item] = b + 1
                    sink[mirror] = a + 1
                }
            }
            if phase == phases / 2 { member.share(0) { _ in sink[0] = -1_000_000 } }
        }
    }
}

@Suite("Thread team")
struct ThreadTeamTests {
    @Test("Every share of every phase is done once, with any number of members", arguments: [1, 2, 3, 5, 8])
    func everyShareOnce(members: Int) {
        let team = ThreadTeam(count: members)
        #expect(team.count == members)
        for items in [2, 10, 64, 1000] {
            let job = SumJob(items: items, phases: 50)
            for run in 1...40 {
                team.run(job)
                #expect((0..<items).allSatisfy { job.sink[$0] == 50 * run }, "\(items) items, run \(run)")
            }
        }
    }

    @Test("A job runs after the members have gone to sleep")
    func wakesSleepers() {
        let team = ThreadTeam(count: 3)
        let job = SumJob(items: 100, phases: 3)
        for run in 1...5 {
            usleep(20_000)
            team.run(job)
            #expect((0..<100).allSatisfy { job.sink[$0] == 3 * run })
        }
    }

    @Test("A member that is late does not hold up the others")
    func lateMember() {
        /// Member 1 sleeps before it takes part.
        final class LateJob: TeamJob {
            let total = Atomic<Int>(0)
            let isLateMemberThere = Atomic<Bool>(false)
            let wasFirst = Atomic<Bool>(false)

            func run(_ member: TeamMember) {
                if member.index == 1 {
                    usleep(500_000)
                    isLateMemberThere.store(true, ordering: .sequentiallyConsistent)
                }
                for _ in 0..<100 { member.share(64) { total.wrappingAdd($0.count, ordering: .relaxed) } }
                if member.index == 0 {
                    wasFirst.store(!isLateMemberThere.load(ordering: .sequentiallyConsistent), ordering: .relaxed)
                }
            }
        }
        let job = LateJob()
        ThreadTeam(count: 2).run(job)
        #expect(job.total.load(ordering: .relaxed) == 6400)
        #expect(job.wasFirst.load(ordering: .relaxed) == true)
    }
}
