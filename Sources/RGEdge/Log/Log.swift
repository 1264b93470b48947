import Synchronization
import System

/// What is told to a program that asks for it, and to nobody else. Errors are not: calls return or throw them.
enum Log {
    typealias Receiver = @Sendable (LogLevel, String) -> Void

    /// Who is told, and from which level on.
    private static let current = Guarded<(level: LogLevel, receiver: Receiver)?>(nil)
    /// The lowest level that is received; above all of them if none is: so that a look costs nothing.
    private static let threshold = Atomic<Int>(.max)

    static func receive(from level: LogLevel, _ receiver: Receiver?) {
        let former = current.withLock { current in
            let former = current
            current = receiver.map { (level, $0) }
            threshold.store(receiver == nil ? .max : level.rawValue, ordering: .relaxed)
            return former
        }
        // What it holds may itself have something to tell when it goes, which must not be under the lock.
        withExtendedLifetime(former) {}
    }

    /// Tells one line, which is made only if somebody receives it. Not to be called under a lock.
    static func tell(_ level: LogLevel, _ line: @autoclosure () -> String) {
        guard level.rawValue >= threshold.load(ordering: .relaxed), let current = current.withLock({ $0 }), level >= current.level
        else { return }
        // A path may hold anything.
        current.receiver(level, line().onOneLine)
    }
}

extension Model {
    /// Has everything of a level or above told to `receiver`, a line without a line break at a time, from now on; nil ends it. One
    /// for the whole process: the last one holds.
    ///
    /// It is called in the threads that call the library, several at once, in between computations, so it should be quick; and must
    /// not use the session or open, close or compute with a model. A call that another thread has begun may still come after another
    /// receiver was set. Without a receiver nothing is told, and no line is made.
    public static func receiveLog(from level: LogLevel = .info, _ receiver: (@Sendable (LogLevel, String) -> Void)?) {
        Log.receive(from: level, receiver)
    }
}
