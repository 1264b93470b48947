import Kernels
import Synchronization
import System

/// What it costs to split work among the members of a team and wait for all of them.
public enum ForkJoin {
    /// Seconds of a split into one share per member, where no member can take two: the median of up to 5000 splits in half a
    /// second.
    public static func measure(team: ThreadTeam) -> Double {
        let job = RendezvousJob(members: team.count)
        let watch = Stopwatch()
        repeat { team.run(job) } while job.seconds.count < 5000 && watch.seconds < 0.5
        return job.seconds.sorted()[job.seconds.count / 2]
    }
}

/// A hundred splits. The shares of each end when every member holds one.
private final class RendezvousJob: TeamJob {
    private static let splits = 100
    private let members: Int
    private let arrivals = Atomic<Int>(0)
    /// Of each split so far, as member 0 saw it.
    private(set) var seconds: [Double] = []

    init(members: Int) { self.members = members }

    func run(_ member: TeamMember) {
        // Nobody is past the first split before everybody has come to it.
        let start = arrivals.load(ordering: .acquiring) / members * members
        for split in 1...Self.splits {
            let time = Stopwatch.seconds {
                member.share(members) { _ in
                    arrivals.wrappingAdd(1, ordering: .acquiringAndReleasing)
                    while arrivals.load(ordering: .acquiring) < start + split * members {}
                }
            }
            if member.index == 0 { seconds.append(time) }
        }
    }
}
