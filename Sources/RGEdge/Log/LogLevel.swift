/// How much something that a program is told matters (``Model/receiveLog(from:_:)``).
public enum LogLevel: Int, Comparable, CaseIterable, Sendable {
    /// What each call did: answers with their times, models that are closed.
    case debug = 1
    /// What happens seldom and explains a speed or a use of memory: a model that was opened, a number of threads that was chosen.
    case info = 2
    /// What makes things slower than they could be: weights that no longer fit in memory.
    case warning = 3

    public static func < (lower: LogLevel, higher: LogLevel) -> Bool { lower.rawValue < higher.rawValue }
}
