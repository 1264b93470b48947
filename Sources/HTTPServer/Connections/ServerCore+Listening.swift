import Glibc
import NIOCore
import NIOPosix

/// A socket that connections come from.
struct Listener: Sendable {
    let channel: any Channel
    let text: String
    let file: SocketFile?
}

// Where connections come from.
extension ServerCore {
    func listen(on address: HTTPAddress) throws(HTTPServerError) -> String {
        guard !isOver.withLock({ $0 }), !loop.inEventLoop else { throw .isOver(address) }
        // Before the end could wait for this: asking for a name takes its time.
        let sockets = try BoundSocket.open(address)
        let isBegun = isOver.withLock { isOver in
            if !isOver { listening.withLock { $0 += 1 } }
            return !isOver
        }
        guard isBegun else {
            for socket in sockets { socket.giveUp() }
            throw .isOver(address)
        }
        defer { listening.withLock { $0 -= 1 } }
        var listeners: [Listener] = []
        for (index, socket) in sockets.enumerated() {
            do {
                let channel = try bootstrap.withBoundSocket(socket.descriptor).wait()
                // NIO asks for a shorter queue.
                _ = Glibc.listen(socket.descriptor, BoundSocket.backlog)
                listeners.append(Listener(channel: channel, text: socket.text, file: socket.file))
            } catch {
                for listener in listeners { listener.close() }
                // NIO has closed this one.
                socket.file?.remove()
                for socket in sockets[(index + 1)...] { socket.giveUp() }
                throw HTTPServerError("\(address.text): can't listen (\(error)); take another address")
            }
        }
        let isTaken = execute { [listeners] in self.add(listeners) }
        if !isTaken { for listener in listeners { listener.file?.remove() } }
        return sockets[0].text
    }

    private func add(_ listeners: [Listener]) {
        onLoop.value.listeners += listeners
        if onLoop.value.isDraining { return closeListeners() }
        for listener in listeners { listener.channel.closeFuture.whenComplete { _ in self.isClosed(listener) } }
    }

    /// The system has taken a socket away, or accepts no more connections from it.
    private func isClosed(_ listener: Listener) {
        guard onLoop.value.listeners.contains(where: { $0.channel === listener.channel }) else { return }
        onLoop.value.listeners.removeAll { $0.channel === listener.channel }
        listener.file?.remove()
        failure.withLock { $0 = $0 ?? "\(listener.text): the system gives no more connections from there; start again" }
    }

    private var bootstrap: ServerBootstrap {
        ServerBootstrap(group: group)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(AcceptPause()) }
            }
            // What one read brings is taken apart at once.
            .childChannelOption(
                .recvAllocator, value: AdaptiveRecvByteBufferAllocator(minimum: 1024, initial: 2048, maximum: 32768)
            )
            .childChannelInitializer { [self] channel in
                channel.eventLoop.makeCompletedFuture { try Connection.add(to: channel, of: self) }
            }
    }

    func closeListeners() {
        // Not among them any more when they are closed: then it is no failure.
        let listeners = onLoop.value.listeners
        onLoop.value.listeners = []
        for listener in listeners { listener.close() }
    }
}

extension Listener {
    fileprivate func close() {
        file?.remove()
        channel.close(promise: nil)
    }
}

extension BoundSocket {
    /// Closes a socket that the loop doesn't get.
    fileprivate func giveUp() {
        file?.remove()
        close(descriptor)
    }
}

extension HTTPServerError {
    fileprivate static func isOver(_ address: HTTPAddress) -> HTTPServerError {
        HTTPServerError("\(address.text): can't listen; the server has been shut down")
    }
}
