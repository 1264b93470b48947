import Kernels
import Synchronization
import System

/// How fast a machine reads memory: what bounds decoding, which reads every weight once per token.
///
/// Measured as the rate at which whole cache lines arrive, with nothing else to do: one word of each line, in order, so that what
/// the kernels lose by their loads and their arithmetic is not hidden in the measure. On huge pages, for the same reason: a mapped
/// file has small ones. `formats/benchmark.md` has the figures behind this.
public enum ReadBandwidth {
    /// Bytes per second that `team` reads from `buffer`, the best of several passes.
    public static func measure(_ buffer: StreamBuffer, team: ThreadTeam) -> Double {
        var best = 0.0
        var passes = 0
        var total = 0.0
        while passes < 3 || (passes < 8 && total < 0.25) {
            let pass = ReadPass(buffer)
            let seconds = Stopwatch.seconds { team.run(pass) }
            best = max(best, Double(buffer.byteCount) / seconds)
            total += seconds
            passes += 1
        }
        return best
    }
}

/// One reading of a buffer. Members take shares until none is left.
private final class ReadPass: TeamJob {
    private static let shareBytes = 1 << 20
    private let buffer: StreamBuffer
    private let next = Atomic<Int>(0)
    /// Depends on every line, so that every line is read.
    private let digest = Atomic<UInt64>(0)

    init(_ buffer: StreamBuffer) { self.buffer = buffer }

    func run(_ member: TeamMember) {
        var own: UInt64 = 0
        while true {
            let offset = next.wrappingAdd(Self.shareBytes, ordering: .relaxed).oldValue
            guard offset < buffer.byteCount else { break }
            own ^= StreamReader.digest(UnsafeRawPointer(buffer.start) + offset, min(Self.shareBytes, buffer.byteCount - offset))
        }
        digest.bitwiseXor(own, ordering: .relaxed)
    }
}

/// The loop that reads.
enum StreamReader {
    /// Bytes that come from memory together, on every processor that this runs on.
    static let line = 64

    /// The first words of all lines, combined; `byteCount` is a multiple of four lines. Four sums that don't wait for each other.
    @inline(never)
    static func digest(_ start: UnsafeRawPointer, _ byteCount: Int) -> UInt64 {
        var (a, b, c, d): (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        for offset in stride(from: 0, to: byteCount, by: 4 * line) {
            a ^= start.load(fromByteOffset: offset, as: UInt64.self)
            b ^= start.load(fromByteOffset: offset + line, as: UInt64.self)
            c ^= start.load(fromByteOffset: offset + 2 * line, as: UInt64.self)
            d ^= start.load(fromByteOffset: offset + 3 * line, as: UInt64.self)
        }
        return (a ^ b) ^ (c ^ d)
    }
}
