import RGEdge
import System

/// Prompts that are being read now: a second one that begins as one of them does waits until that has read what both have, and goes on
/// from there.
final class PromptsInProgress: Sendable {
    /// A prompt that is being read.
    final class Reading: Sendable {
        fileprivate let owner: Owner
        fileprivate let tokens: [UInt32]
        /// How far it has been read, and to where there is a snapshot.
        private let progress: Guarded<(read: Int, kept: Int, stops: Set<Int>, isOver: Bool)>

        fileprivate init(_ tokens: [UInt32], of owner: Owner, from position: Int) {
            self.tokens = tokens
            self.owner = owner
            progress = Guarded((position, position, [], false))
        }

        /// Where to stop next, to leave a snapshot: at the end, or before it where others part.
        func stop(after position: Int) -> Int {
            progress.withLock { $0.stops.filter { $0 > position }.min() ?? tokens.count }
        }

        /// True if somebody wants a stop between two positions.
        func wantsStop(in range: Range<Int>) -> Bool {
            progress.withLock { $0.stops.contains { $0 > range.lowerBound && $0 < range.upperBound } }
        }

        /// Notes how far it has been read.
        func note(read position: Int) { progress.withLock { $0.read = position } }

        /// Adds a stop. False if that is behind what has been read, or the reading is over.
        fileprivate func add(stop: Int) -> Bool {
            progress.withLock {
                guard !$0.isOver, $0.read < stop else { return false }
                if stop < tokens.count { $0.stops.insert(stop) }
                return true
            }
        }

        fileprivate func isBefore(_ position: Int) -> Bool {
            progress.withLock { !$0.isOver && $0.kept < position && $0.read <= position }
        }
        fileprivate func advance(to position: Int) { progress.withLock { $0.kept = max($0.kept, position) } }
        fileprivate func end() { progress.withLock { $0.isOver = true } }
    }

    /// The fewest tokens that waiting must save.
    private static let leastGain = 64

    private let monitor = Monitor()
    private nonisolated(unsafe) var readings: [Reading] = []

    /// Begins to read a prompt of whose tokens `position` are there; or waits while another prompt is read that has more tokens of this
    /// one's beginning, and returns nil: then more may be there. `waits` is false where nothing is kept that could be waited for.
    func begin(
        _ tokens: [UInt32], of owner: Owner, from position: Int, waits: Bool, isCancelled: () -> Bool
    ) -> Reading? {
        monitor.withLock {
            if waits, wait(for: tokens, of: owner, known: position, isCancelled: isCancelled) { return nil }
            let reading = Reading(tokens, of: owner, from: position)
            readings.append(reading)
            return reading
        }
    }

    /// Begins to read a prompt, of whose tokens `position` are there.
    func begin(_ tokens: [UInt32], of owner: Owner, from position: Int) -> Reading {
        let reading = Reading(tokens, of: owner, from: position)
        monitor.withLock { readings.append(reading) }
        return reading
    }

    /// Notes that a snapshot is there of so many tokens of a prompt, where others may wait for it.
    func advance(_ reading: Reading, to position: Int) {
        monitor.withLock {
            reading.advance(to: position)
            monitor.wakeAll()
        }
    }

    /// Ends a reading, whatever came of it.
    func end(_ reading: Reading) {
        monitor.withLock {
            reading.end()
            readings.removeAll { $0 === reading }
            monitor.wakeAll()
        }
    }

    /// Under the monitor: waits while another prompt is read that has more tokens of this one's beginning than the `known` ones. False
    /// if there was none, so that nothing has changed.
    private func wait(for tokens: [UInt32], of owner: Owner, known: Int, isCancelled: () -> Bool) -> Bool {
        let candidates = readings.lazy.filter { $0.owner == owner }.map { (reading: $0, shared: sharedCount(tokens, $0.tokens)) }
        guard let best = candidates.max(by: { $0.shared < $1.shared }), best.shared >= known + Self.leastGain,
            best.reading.add(stop: best.shared)
        else { return false }
        while best.reading.isBefore(best.shared), !isCancelled() { monitor.wait(seconds: 0.1) }
        return !isCancelled()
    }
}
