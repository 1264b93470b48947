import NIOCore
import System

/// Carries an answer from any thread to the loop: what is given gathers until the loop takes it, so that many small parts cost one
/// wake-up.
final class AnswerStream: Sendable {
    private let core: ServerCore
    private let monitor = Monitor()
    /// Guarded by the monitor.
    private nonisolated(unsafe) var shared = AnswerState()
    /// Used on the loop alone, as the next: the connection, until all is passed on.
    private nonisolated(unsafe) var connection: Connection?
    private nonisolated(unsafe) var isCounted = true

    /// The answer to a request that is whole. On the loop.
    init(core: ServerCore, connection: Connection) {
        self.core = core
        self.connection = connection
        core.counts.add(active: 1)
    }

    // MARK: - On any thread

    func answer(_ answer: HTTPAnswer) {
        give(from: .waiting, to: .over) { batch in
            batch = AnswerBatch(head: AnswerHead(answer), bytes: answer.body, ending: .whole)
        }
    }

    func begin(status: Int, fields: HTTPFields) {
        give(from: .waiting, to: .begun) { $0.head = AnswerHead(status: status, fields: fields, length: nil) }
    }

    func write(_ bytes: [UInt8]) -> Bool {
        let isTaken = give(from: .begun, to: .begun) { $0.bytes += bytes }
        guard isTaken else { return false }
        let mayWait = !core.loop.inEventLoop
        return monitor.withLock {
            while mayWait, shared.stage == .begun, shared.pendingBytes > core.limits.pendingBytes {
                shared.waitingThreads += 1
                monitor.wait()
                shared.waitingThreads -= 1
            }
            return shared.stage == .begun || shared.stage == .over
        }
    }

    func offer(_ bytes: [UInt8]) {
        let limit = core.limits.pendingBytes
        give(from: .begun, to: .begun, if: { $0.pendingBytes + bytes.count <= limit }) { $0.bytes += bytes }
    }

    func end() { give(from: .begun, to: .over) { $0.ending = .whole } }

    func abort() {
        if !give(from: .begun, to: .aborted, { $0.ending = .aborted }) {
            give(from: .waiting, to: .aborted) { $0.ending = .aborted }
        }
    }

    var isGone: Bool { monitor.withLock { shared.stage == .gone || shared.stage == .aborted } }

    func whenGone(_ body: @escaping @Sendable () -> Void) {
        let isLate = monitor.withLock {
            if shared.stage == .waiting || shared.stage == .begun { shared.whenGone.append(body) }
            return shared.stage == .gone
        }
        if isLate, !core.execute(body) { body() }
    }

    /// Adds to the batch if the answer is at a stage, and has the loop take it.
    @discardableResult
    private func give(
        from stage: AnswerState.Stage, to next: AnswerState.Stage, if isWanted: (AnswerState) -> Bool = { _ in true },
        _ change: (inout AnswerBatch) -> Void
    ) -> Bool {
        let isOnLoop = core.loop.inEventLoop
        var forgotten: [@Sendable () -> Void] = []
        let isGiven = monitor.withLock {
            guard shared.stage == stage, isWanted(shared) else { return false }
            shared.stage = next
            change(&shared.batch)
            if next == .over || next == .aborted {
                // They may hold the exchange.
                swap(&forgotten, &shared.whenGone)
                monitor.wakeAll()
            }
            if !isOnLoop, !shared.isScheduled { shared.isScheduled = core.execute { self.flush() } }
            return true
        }
        if isOnLoop, isGiven { flushOnLoop() }
        return isGiven
    }

    // MARK: - On the loop

    private func flushOnLoop() {
        // Thousands of requests in one packet would otherwise be answered within each other.
        if connection?.isEnding ?? false { core.execute { self.flush() } } else { flush() }
    }

    private func flush() {
        let batch = monitor.withLock {
            var batch = AnswerBatch()
            swap(&batch, &shared.batch)
            shared.isScheduled = false
            shared.unsentBytes += batch.bytes.count
            return batch
        }
        guard !batch.isEmpty, let connection else { return }
        if case .none = batch.ending {} else { self.connection = nil }
        connection.send(batch, of: self)
    }

    /// The system has taken so many bytes, or they are lost.
    func sent(_ count: Int) {
        monitor.withLock {
            shared.unsentBytes -= count
            if shared.waitingThreads > 0, shared.pendingBytes <= core.limits.pendingBytes { monitor.wakeAll() }
        }
    }

    /// The system has all of it.
    func isFinished() {
        if isCounted { core.counts.add(active: -1) }
        isCounted = false
    }

    /// The connection is lost.
    func clientHasGone() {
        connection = nil
        let bodies = monitor.withLock {
            var bodies: [@Sendable () -> Void] = []
            guard shared.stage == .waiting || shared.stage == .begun else { return bodies }
            shared.stage = .gone
            shared.batch = AnswerBatch()
            swap(&bodies, &shared.whenGone)
            monitor.wakeAll()
            return bodies
        }
        isFinished()
        for body in bodies { body() }
    }
}
