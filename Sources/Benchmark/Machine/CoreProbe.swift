import CSIMD
import Kernels
import System

/// How many plain instructions the cores execute per cycle.
///
/// A core with two hardware threads takes in half as many of each while both are busy. On a shared machine the other one may be a
/// stranger's: nothing shows it, not even the arithmetic peak, which needs few instructions, but kernels take up to twice as long.
/// So the figure stands beside each test; where it falls, the test was slowed down from outside.
enum CoreProbe {
    /// Instructions per cycle of the slowest of the team's cores, some tenths of a millisecond long.
    static func measure(team: ThreadTeam) -> Double {
        let pass = ProbePass(members: team.count)
        team.run(pass)
        return pass.slowest
    }

    /// The calling thread's core. The median of some looks: a thread that is interrupted meanwhile is not slow.
    static func instructionsPerCycle() -> Double {
        let looks = (0..<9).map { _ in
            let adding = Stopwatch.seconds { _ = csimd_add_in_turn(rounds) }
            let idling = Stopwatch.seconds { csimd_do_nothing(rounds) }
            return adding / idling
        }
        return looks.sorted()[looks.count / 2]
    }

    /// Some 20 µs of additions at 3 GHz.
    private static var rounds: Int { 256 }
}

/// One look at the core of each member that comes.
private final class ProbePass: TeamJob {
    private let results: UnsafeMutableBufferPointer<Double>

    init(members: Int) {
        results = .allocate(capacity: members)
        results.initialize(repeating: .infinity)
    }

    deinit { results.deallocate() }

    var slowest: Double { results.min() ?? 0 }

    func run(_ member: TeamMember) { results[member.index] = CoreProbe.instructionsPerCycle() }
}
