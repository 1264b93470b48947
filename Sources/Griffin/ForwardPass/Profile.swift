import System

/// Where the time of a forward pass goes.
public final class Profile: ForwardPassObserver {
    private var nanoseconds: [ForwardPass.Operation: Int] = [:]

    /// A profile of nothing yet.
    public init() {}

    /// Seconds spent on an operation, waiting for other threads included.
    public func seconds(_ operation: ForwardPass.Operation) -> Double { Double(nanoseconds[operation] ?? 0) * 1e-9 }

    /// Seconds spent on all of them.
    public var totalSeconds: Double { Double(nanoseconds.values.reduce(0, +)) * 1e-9 }

    /// Runs `body` and adds its time.
    public func run(_ operation: ForwardPass.Operation, _ body: () -> Void) {
        let watch = Stopwatch()
        body()
        nanoseconds[operation, default: 0] += watch.nanoseconds
    }
}
