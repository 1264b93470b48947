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

    @Test("Jobs run on as many members as each is to have")
    func fewerMembers() {
        /// Notes who takes part.
        final class MemberJob: TeamJob {
            let there = Atomic<Int>(0)
            let counted = Atomic<Int>(0)

            func run(_ member: TeamMember) {
                there.bitwiseOr(1 << member.index, ordering: .relaxed)
                counted.bitwiseOr(1 << member.count, ordering: .relaxed)
                for _ in 0..<20 { member.share(64) { _ in usleep(1) } }
            }
        }
        let team = ThreadTeam(count: 5)
        let sums = SumJob(items: 100, phases: 10)
        var runs = 0
        for members in [5, 2, 1, 3, 1, 5, 4, 2, 2, 5, 9, 0] {
            let job = MemberJob(), expected = max(1, min(members, 5))
            team.run(job, members: members)
            #expect(job.there.load(ordering: .relaxed) < 1 << expected)
            #expect(job.counted.load(ordering: .relaxed) == 1 << expected)
            for _ in 0..<20 {
                team.run(sums, members: members)
                runs += 1
                #expect((0..<100).allSatisfy { sums.sink[$0] == 10 * runs })
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

    @Test("Spinning ends after a time, however long a round takes", arguments: [3, 50, 2_000])
    func spinEnds(roundNanoseconds: Int) {
        var limit = SpinLimit(), rounds = 1, looks = 0
        while limit.allowsMore(nanoseconds: {
            looks += 1
            return rounds * roundNanoseconds
        }) {
            rounds += 1
        }
        let atLeast = SpinLimit.nanoseconds / roundNanoseconds
        #expect(rounds >= atLeast && rounds < atLeast + 2 * SpinLimit.roundsPerLook)
        #expect(looks == rounds / SpinLimit.roundsPerLook)
    }

    /// Steps of a token of RecurrentGemma 2B: rows of tiles, or what else is shared, the time of one of them, and how often there
    /// is such a step.
    private static let steps: [(items: Int, time: Double, count: Int)] = [
        // linear_x and linear_y, the gates, linear_out
        (320, 2560, 18), (320, 256, 18), (160, 2560, 18),
        // queries, keys and values, scores of 16 keys each, 8 elements each of the output, o
        (160, 2560, 8), (32, 2560, 8), (128, 4000, 8), (32, 16000, 8), (160, 2560, 8),
        // gate and up, down
        (960, 2560, 26), (160, 7680, 26),
        // the head
        (16000, 2560, 1),
    ]

    @Test("Unequal cores end together", arguments: [1, 2, 3, 3.7, 4, 5, 6])
    func unequalCores(ratio: Double) {
        // The slow ones come first, which is the worst case.
        let speeds = [Double](repeating: 1 / ratio, count: 4) + [Double](repeating: 1, count: 4)
        var time = 0.0, ideal = 0.0
        for step in Self.steps {
            time += Double(step.count) * step.time * Self.end(of: step.items, speeds)
            ideal += Double(step.count) * step.time * Double(step.items) / speeds.reduce(0, +)
        }
        #expect(time <= 1.05 * ideal, "\(time / ideal)")
    }

    /// When a step ends: each member takes a share whenever it is free, the lowest number first.
    private static func end(of items: Int, _ speeds: [Double]) -> Double {
        var free = [Double](repeating: 0, count: speeds.count), left = items
        while left > 0 {
            guard let member = free.indices.min(by: { free[$0] < free[$1] }) else { break }
            let size = TeamCore.shareSize(left: left, atLeast: 1, members: speeds.count)
            free[member] += Double(size) / speeds[member]
            left -= size
        }
        return free.max() ?? 0
    }
}
