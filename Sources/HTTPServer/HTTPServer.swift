import NIOCore
import NIOPosix

/// Answers HTTP/1.1 with one thread.
package final class HTTPServer: Sendable {
    private let core: ServerCore

    /// A server that listens nowhere yet. Starts the thread.
    package init(service: any HTTPService, limits: HTTPLimits = HTTPLimits()) {
        core = ServerCore(service: service, limits: limits)
    }

    deinit { core.shutDown() }

    /// Listens; returns what it listens on, with the real port: "http://127.0.0.1:8080", "unix:/run/server.sock". Not for the
    /// service's own functions, which are called on the thread that is needed here.
    package func listen(on address: HTTPAddress) throws(HTTPServerError) -> String { try core.listen(on: address) }

    /// Takes no new connections and closes those that wait for a request. Those with an answer under way are closed after it.
    package func stopListening() { core.stopListening() }

    /// Cuts all connections, ends the thread, and waits for that. Answers that should still arrive are waited for before, by
    /// ``activeCount``. What the server is asked to do later is not done.
    package func shutDown() { core.shutDown() }

    /// Calls `body` on the server's thread every so many seconds, until ``shutDown()``. It mustn't wait for anything.
    package func every(_ seconds: Double, _ body: @escaping @Sendable () -> Void) { core.every(seconds, body) }

    /// Why it no longer listens somewhere, in a sentence without a full stop, if that wasn't asked for: the system has closed a
    /// socket. Clients would wait there for ever, so the process should end.
    package var failure: String? { core.failure.withLock { $0 } }

    /// Connections that are open.
    package var connectionCount: Int { core.counts.connections }

    /// Answers under way: from the whole request, until the system has taken the answer's last byte.
    package var activeCount: Int { core.counts.active }
}
