import Glibc
import HTTPServer
import System

/// A service of closures, and a server for it.
struct TestService: HTTPService {
    var refusing: @Sendable (HTTPHead) -> HTTPAnswer? = { _ in nil }
    var responding: @Sendable (HTTPRequest, HTTPExchange) -> Void = { request, exchange in
        exchange.answer(.text("\(request.head.method) \(request.head.path) \(request.body.count)"))
    }

    func refusal(of head: HTTPHead) -> HTTPAnswer? { refusing(head) }

    func answer(to problem: HTTPProblem) -> HTTPAnswer { .text("problem: \(problem.message)", status: problem.status) }

    func respond(to request: HTTPRequest, through exchange: HTTPExchange) { responding(request, exchange) }
}

extension HTTPAnswer {
    static func text(_ text: String, status: Int = 200) -> HTTPAnswer {
        HTTPAnswer(status: status, fields: ["Content-Type": "text/plain"], body: Array(text.utf8))
    }
}

/// A server on a free port, shut down with the last reference.
final class TestServer: Sendable {
    let server: HTTPServer
    let address: String

    init(_ service: TestService = TestService(), _ limits: HTTPLimits = HTTPLimits()) throws {
        server = HTTPServer(service: service, limits: limits)
        address = try server.listen(on: .tcp(host: "127.0.0.1", port: 0))
    }

    convenience init(
        limits: HTTPLimits = HTTPLimits(), _ responding: @escaping @Sendable (HTTPRequest, HTTPExchange) -> Void
    ) throws {
        try self.init(TestService(responding: responding), limits)
    }

    deinit { server.shutDown() }

    func client() -> RawClient { RawClient(address) }

    /// What comes for a text until the server closes.
    func answer(to text: String) -> String {
        let client = client()
        client.send(text)
        return client.readAll()
    }
}

/// Waits until something is so, ten seconds at most.
func eventually(_ isSo: () -> Bool) -> Bool {
    let watch = Stopwatch()
    while watch.seconds < 10 {
        if isSo() { return true }
        usleep(2000)
    }
    return isSo()
}

/// Something that is said once, by any thread.
final class Signal: Sendable {
    private let count = Guarded(0)

    func give() { count.withLock { $0 += 1 } }

    var times: Int { count.withLock { $0 } }

    func wait() -> Bool { eventually { times > 0 } }
}

func sleepMilliseconds(_ count: Int) { usleep(useconds_t(count) * 1000) }
