import Glibc
import NIOCore
import NIOPosix
import System

/// What the connections share.
final class ServerCore: Sendable {
    let service: any HTTPService
    let limits: HTTPLimits
    let counts = ServerCounts()
    let loop: any EventLoop
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    /// Used on the loop alone.
    let onLoop: NIOLoopBoundBox<OnLoop>
    /// True once the loop takes no more tasks.
    let isOver = Guarded(false)
    /// Threads that wait for the loop to begin to listen. Added to while ``isOver`` is locked.
    let listening = Guarded(0)
    /// What ended it, if it ended by itself.
    let failure = Guarded<String?>(nil)

    struct OnLoop {
        var listeners: [Listener] = []
        var connections: [ObjectIdentifier: Connection] = [:]
        /// Bytes of bodies that aren't whole, and of answers that the system hasn't taken.
        var bodyBytes = 0, unsentBytes = 0
        var isDraining = false
        var isSweeping = false
    }

    init(service: any HTTPService, limits: HTTPLimits) {
        self.service = service
        self.limits = limits
        loop = group.next()
        onLoop = .makeBoxSendingValue(OnLoop(), eventLoop: loop)
    }

    /// Runs `body` on the loop; false if that is over. (NIO would print a warning.)
    @discardableResult
    func execute(_ body: @escaping @Sendable () -> Void) -> Bool {
        isOver.withLock { isOver in
            if !isOver { loop.execute(body) }
            return !isOver
        }
    }

    // MARK: - Connections, on the loop

    /// True if connections are closed after their answer.
    var isDraining: Bool { onLoop.value.isDraining }

    func opened(_ connection: Connection) {
        onLoop.value.connections[ObjectIdentifier(connection)] = connection
        counts.add(connections: 1)
        sweepLater()
    }

    func closed(_ connection: Connection) {
        guard onLoop.value.connections.removeValue(forKey: ObjectIdentifier(connection)) != nil else { return }
        counts.add(connections: -1)
    }

    /// Looks at all clocks from time to time while there are connections: one timer each would have to be set again with each
    /// request.
    private func sweepLater() {
        guard !onLoop.value.isSweeping else { return }
        onLoop.value.isSweeping = true
        let shortest = min(limits.headTimeout, limits.bodyTimeout, limits.idleTimeout, limits.writeTimeout)
        let interval = max(0.01, min(1, shortest / 4))
        loop.scheduleTask(in: .seconds(interval)) { [self] in
            onLoop.value.isSweeping = false
            let now = NIODeadline.now()
            for connection in Array(onLoop.value.connections.values) { connection.check(now) }
            if !onLoop.value.connections.isEmpty { sweepLater() }
        }
    }

    // MARK: - The end

    func stopListening() {
        execute { [self] in
            onLoop.value.isDraining = true
            closeListeners()
            for connection in Array(onLoop.value.connections.values) { connection.closeIfIdle() }
        }
    }

    func shutDown() {
        let isFirst = isOver.withLock { isOver in
            if isOver { return false }
            isOver = true
            loop.execute { [self] in
                onLoop.value.isDraining = true
                closeListeners()
                for connection in Array(onLoop.value.connections.values) { connection.cut() }
            }
            return true
        }
        guard isFirst else { return }
        // A loop that has ended would never answer them.
        while !loop.inEventLoop, listening.withLock({ $0 > 0 }) { usleep(1000) }
        if loop.inEventLoop {
            // From one of the service's functions: the thread can't wait for itself.
            group.shutdownGracefully { _ in }
        } else {
            try? group.syncShutdownGracefully()
        }
    }

    func every(_ seconds: Double, _ body: @escaping @Sendable () -> Void) {
        let delay = TimeAmount.seconds(max(0.001, seconds))
        isOver.withLock { isOver in
            guard !isOver else { return }
            loop.scheduleRepeatedTask(initialDelay: delay, delay: delay) { _ in body() }
        }
    }
}

extension TimeAmount {
    /// So many seconds, and their fractions.
    static func seconds(_ seconds: Double) -> TimeAmount { .nanoseconds(Int64(max(0, min(seconds, 1e9)) * 1e9)) }
}
