import CommandSupport
import System

/// Says on a terminal how much of a prompt has been read, where that takes a while.
final class PromptProgress {
    private let watch = Stopwatch()
    private let status = StatusLine()

    /// Seconds in which nobody gets impatient.
    private static let quiet = 0.7

    /// Shows how many of the prompt's tokens have been read; nothing once all have.
    func show(done: Int, of total: Int) {
        if done < total, watch.seconds > Self.quiet {
            status.show("reading the prompt: \(Int(100 * Double(done) / Double(total))) %")
        } else {
            clear()
        }
    }

    /// Removes the line, so that other text can follow.
    func clear() { status.clear() }
}
