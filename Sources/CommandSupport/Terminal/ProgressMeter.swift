import Glibc
import System

/// Shows on standard error how far a task of many bytes or tokens is: a bar that is redrawn on a terminal, elsewhere one line per
/// tenth.
public final class ProgressMeter {
    /// What is shown.
    public enum Style: Sendable {
        case bar, lines, none

        /// The bar if standard error is a terminal, else lines; nothing if `quiet`.
        public static func automatic(quiet: Bool) -> Style {
            quiet ? .none : Terminal.canRedraw(STDERR_FILENO) ? .bar : .lines
        }
    }

    /// What the task is measured in.
    public enum Unit: Sendable {
        case bytes, tokens

        func amount(_ done: Int, of total: Int?) -> String {
            switch (self, total) {
            case (.bytes, let total?): "\(Format.bytes(done)) of \(Format.bytes(total))"
            case (.bytes, nil): Format.bytes(done)
            case (.tokens, let total?): "\(done) of \(total) tokens"
            case (.tokens, nil): "\(done) tokens"
            }
        }

        func rate(_ perSecond: Double) -> String {
            switch self {
            case .bytes: "\(Format.bytes(perSecond))/s"
            case .tokens: "\(Format.short(perSecond)) tokens/s"
            }
        }
    }

    private let task: String
    private let unit: Unit
    private let style: Style
    private let watch = Stopwatch()
    /// Seconds on the watch when the bar was last drawn.
    private var lastDrawing: Double?
    private var tenthsShown = 0
    /// Of a task whose end isn't known: what was done when a line was last shown.
    private var shown = 0

    /// When the first line comes for a task whose end isn't known.
    private static let firstLine = 10_000

    /// Seconds between two drawings of the bar, at least.
    private static let interval = 0.1

    /// A meter for a task that a participle names: `converting`.
    public init(_ task: String, unit: Unit = .bytes, style: Style) {
        self.task = task
        self.unit = unit
        self.style = style
    }

    /// Shows that `done` of `total` units are done, if it is time to; or of a task whose end isn't known, if `total` is nil. Lines
    /// then come whenever the amount has doubled.
    public func update(done: Int, total: Int?) {
        if let total, total <= 0 { return }
        switch style {
        case .none: break
        case .bar:
            let now = watch.seconds
            if let lastDrawing, now - lastDrawing < Self.interval { return }
            lastDrawing = now
            draw(Report(unit: unit, done: done, total: total, seconds: now))
        case .lines:
            if let total {
                let tenths = Int(Double(done) / Double(total) * 10)
                guard tenths > tenthsShown else { return }
                tenthsShown = tenths
            } else {
                guard done >= max(Self.firstLine, shown > Int.max / 2 ? .max : 2 * shown) else { return }
                shown = done
            }
            let report = Report(unit: unit, done: done, total: total, seconds: watch.seconds)
            Diagnostics.write("\(task): \(report.parts.joined(separator: ", "))\n")
        }
    }

    /// Removes the bar, so that other text can follow. Lines stay.
    public func finish() {
        guard style == .bar, lastDrawing != nil else { return }
        Diagnostics.draw("\r\u{1B}[K")
        lastDrawing = nil
    }

    private func draw(_ report: Report) {
        let right = (report.parts + (report.total == nil ? [] : [report.timeLeft])).joined(separator: "  ")
        // The last column stays free: some terminals go on to the next line after it.
        let room = Terminal.columns(STDERR_FILENO) - 1
        let barWidth = min(40, room - task.count - right.count - 6)
        let filled = Int(report.fraction * Double(max(0, barWidth)))
        let bar = "[" + String(repeating: "#", count: filled) + String(repeating: ".", count: max(0, barWidth) - filled) + "]"
        let line = report.total != nil && barWidth >= 8 ? "\(task)  \(bar)  \(right)" : String(right.prefix(max(0, room)))
        Diagnostics.draw("\r\(line)\u{1B}[K")
    }

    /// The figures at one time.
    private struct Report {
        let unit: Unit
        let done: Int
        let total: Int?
        let seconds: Double

        var parts: [String] { (total == nil ? [] : [percent]) + [amount, rate] }
        var fraction: Double { min(1, Double(done) / Double(total ?? .max)) }
        var percent: String { "\(Int(fraction * 100)) %" }
        var amount: String { unit.amount(done, of: total) }
        var rate: String { seconds > 0 ? unit.rate(Double(done) / seconds) : "" }
        var timeLeft: String {
            guard done > 0, let total else { return "" }
            return "\(Format.duration(seconds: seconds * Double(max(0, total - done)) / Double(done))) left"
        }
    }
}
