import HTTPServer
import System
import Testing

/// Clients that go before the answer's end, and what is left of their exchanges.
struct GoneTests {
    @Test(arguments: ["close", "reset", "half", "pipelined"]) func aClientThatGoesIsNoticedAtOnce(way: String) throws {
        let gone = Signal()
        let started = Signal()
        let kept = Guarded<HTTPExchange?>(nil)
        let server = try TestServer { _, exchange in
            exchange.whenGone { gone.give() }
            kept.withLock { $0 = exchange }
            exchange.begin(status: 200, fields: [:])
            started.give()
        }
        let client = server.client()
        client.send("GET / HTTP/1.1\r\n\r\n")
        // What nobody reads while the answer is under way doesn't hide the end.
        if way == "pipelined" { client.send(String(repeating: "GET /next HTTP/1.1\r\n\r\n", count: 1000)) }
        #expect(started.wait())
        sleepMilliseconds(50)
        #expect(kept.withLock { $0?.isGone } == false)
        let watch = Stopwatch()
        switch way {
        case "reset": client.reset()
        case "half": client.endSending()
        default: client.close()
        }
        #expect(gone.wait())
        #expect(watch.seconds < 1)
        let exchange = try #require(kept.withLock { $0 })
        #expect(exchange.isGone && !exchange.write([1]))
        let late = Signal()
        exchange.whenGone { late.give() }
        #expect(late.wait())
        #expect(gone.times == 1)
        #expect(eventually { server.server.activeCount == 0 && server.server.connectionCount == 0 })
    }

    @Test func whoWaitsInAWriteIsWokenWhenTheClientGoes() throws {
        let end = Signal()
        let server = try TestServer { _, exchange in
            Thread {
                exchange.begin(status: 200, fields: [:])
                while exchange.write([UInt8](repeating: 0, count: 100_000)) {}
                end.give()
            }?.detach()
        }
        let client = RawClient(server.address, receiveBuffer: 4096)
        client.send("GET / HTTP/1.1\r\n\r\n")
        sleepMilliseconds(200)
        #expect(end.times == 0)
        client.reset()
        #expect(end.wait())
    }

    @Test func nothingIsCalledAfterTheEnd() throws {
        let gone = Signal()
        let server = try TestServer { _, exchange in
            exchange.whenGone { gone.give() }
            exchange.answer(.text("."))
        }
        _ = server.answer(to: "GET / HTTP/1.0\r\n\r\n")
        #expect(eventually { server.server.connectionCount == 0 })
        #expect(gone.times == 0)
    }

    private final class Weak: Sendable {
        let exchanges = Guarded<[WeakExchange]>([])

        var isEmpty: Bool { exchanges.withLock { $0.allSatisfy { $0.exchange == nil } } }
    }

    private struct WeakExchange { weak var exchange: HTTPExchange? }

    @Test func anExchangeIsFreedAfterItsAnswer() throws {
        let weak = Weak()
        let server = try TestServer { request, exchange in
            weak.exchanges.withLock { $0.append(WeakExchange(exchange: exchange)) }
            // Holds itself until the end.
            exchange.whenGone { _ = exchange.isGone }
            switch request.head.path {
            case "/whole": exchange.answer(.text("."))
            case "/parts":
                Thread {
                    exchange.begin(status: 200, fields: [:])
                    exchange.write([1])
                    exchange.end()
                }?.detach()
            case "/abort": exchange.abort()
            default: break
            }
        }
        for path in ["/whole", "/parts", "/abort"] {
            _ = server.answer(to: "GET \(path) HTTP/1.1\r\nConnection: close\r\n\r\n")
        }
        let client = server.client()
        client.send("GET /gone HTTP/1.1\r\n\r\n")
        #expect(eventually { server.server.activeCount == 1 })
        client.close()
        #expect(eventually { weak.isEmpty })
        #expect(weak.exchanges.withLock { $0.count } == 4)
        #expect(eventually { server.server.connectionCount == 0 })
    }

    @Test func aServiceIsFreedWithItsServer() throws {
        weak var kept: Signal?
        do {
            let signal = Signal()
            kept = signal
            let server = try TestServer { _, exchange in
                signal.give()
                exchange.answer(.text("."))
            }
            server.server.every(0.01) { signal.give() }
            let client = server.client()
            client.send("GET / HTTP/1.1\r\n\r\n")
            #expect(signal.wait())
        }
        #expect(eventually { kept == nil })
    }
}
