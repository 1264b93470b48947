import Glibc

/// Where the time of a forward pass goes.
public final class Profile {
    /// A part of the forward pass.
    public enum Operation: String, CaseIterable, Sendable {
        case embedding
        case norm = "norm, quantize"
        case recurrentInput = "linear_x, linear_y"
        case conv1D = "conv1D, quantize"
        case gates
        case rgLRU = "rgLRU, gelu, quantize"
        case recurrentOutput = "linear_out"
        case queriesKeysValues = "q, k, v"
        case rotary
        case attention
        case ring = "ring, quantize"
        case attentionOutput = "o"
        case mlpInput = "gate, up"
        case gelu = "gelu, quantize"
        case mlpOutput = "down"
        case head
    }

    private var nanoseconds = [Int](repeating: 0, count: Operation.allCases.count)
    private static let index = Dictionary(uniqueKeysWithValues: Operation.allCases.enumerated().map { ($1, $0) })

    /// A profile of nothing yet.
    public init() {}

    /// Seconds spent on an operation, waiting for other threads included.
    public func seconds(_ operation: Operation) -> Double { Double(nanoseconds[Profile.index[operation] ?? 0]) * 1e-9 }

    /// Seconds spent on all of them.
    public var totalSeconds: Double { Double(nanoseconds.reduce(0, +)) * 1e-9 }

    /// Runs `body` and adds its time.
    @inline(__always)
    func measure(_ operation: Operation, _ body: () -> Void) {
        let start = Profile.now
        body()
        nanoseconds[Profile.index[operation] ?? 0] += Profile.now - start
    }

    private static var now: Int {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return time.tv_sec * 1_000_000_000 + time.tv_nsec
    }
}
