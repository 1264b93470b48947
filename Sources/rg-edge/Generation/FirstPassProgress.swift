import CommandSupport
import Griffin
import RGEdge
import System

/// Says on a terminal how far the model has been read while its first tokens wait for that: seconds for an SSD, half a minute and
/// more for a card. Later passes find the weights in memory.
final class FirstPassProgress: ForwardPassObserver {
    private let norms: Int
    private let isStreamed: Bool
    /// Pages that had been read from the disk when the pass began.
    private var faults = 0
    private var seen = 0
    /// Since the pass began.
    private var watch = Stopwatch()
    private let status = StatusLine()

    /// Seconds in which nobody gets impatient.
    private static let quiet = 0.7

    /// Shows the first pass of a model that has just been opened.
    static func show(_ model: Model) {
        model.observe(FirstPassProgress(layers: model.configuration.layerCount, isStreamed: model.streamedBytes > 0))
    }

    private init(layers: Int, isStreamed: Bool) {
        norms = 2 * layers
        self.isStreamed = isStreamed
    }

    func run(_ operation: ForwardPass.Operation, _ body: () -> Void) {
        // Two norms per layer: as good a measure as any of how far the pass is.
        if operation == .norm, seen < norms {
            if seen == 0 {
                watch = Stopwatch()
                faults = ProcessMemory.majorFaults
            }
            seen += 1
            // Where nothing is read, it is arithmetic that takes so long.
            if watch.seconds > Self.quiet, isStreamed || ProcessMemory.majorFaults > faults {
                status.show("reading the model: \(100 * seen / norms) %")
            }
        }
        body()
        // The pass is over after the last layer, or after the head, if it gets there.
        if operation == .mlpOutput || operation == .head, seen == norms { status.clear() }
    }
}
