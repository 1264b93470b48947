import HTTPServer
import System
import Testing

/// Answers in parts, from any thread.
struct StreamTests {
    private static let request = "GET / HTTP/1.1\r\n\r\n"

    @Test func partsAreChunks() throws {
        let server = try TestServer { _, exchange in
            exchange.begin(status: 200, fields: ["X-A": "1"])
            exchange.write(Array("one".utf8))
            exchange.write([])
            exchange.offer(Array("two".utf8))
            exchange.end()
            exchange.end()
            #expect(!exchange.write([1]))
            exchange.answer(.text("late"))
        }
        let client = server.client()
        client.send(Self.request)
        let text = client.read { $0.hasSuffix("0\r\n\r\n") }
        #expect(text.contains("X-A: 1\r\n") && text.contains("Transfer-Encoding: chunked\r\n"))
        #expect(text.hasSuffix("\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"))
        client.send("GET / HTTP/1.0\r\n\r\n")
        let old = client.readAll()
        #expect(old.hasSuffix("\r\n\r\nonetwo") && !old.contains("chunked"))
    }

    @Test func manyThreadsWriteAllTheirParts() throws {
        let server = try TestServer { _, exchange in
            Thread {
                exchange.begin(status: 200, fields: [:])
                let threads = (0..<8).map { _ in
                    Thread { for _ in 0..<2000 { exchange.write(Array("token;".utf8)) } }
                }
                for thread in threads { thread?.join() }
                exchange.end()
            }?.detach()
        }
        let clients = (0..<4).map { _ in server.client() }
        for client in clients { client.send("GET / HTTP/1.0\r\n\r\n") }
        for client in clients { #expect(client.readAll().split(separator: ";").count == 16_000) }
        #expect(eventually { server.server.activeCount == 0 })
    }

    @Test func anAbortedAnswerHasNoLastChunk() throws {
        let server = try TestServer { request, exchange in
            if request.head.path == "/" {
                exchange.begin(status: 200, fields: [:])
                exchange.write(Array("half".utf8))
            }
            exchange.abort()
            #expect(exchange.isGone && !exchange.write([1]))
        }
        #expect(server.answer(to: Self.request).hasSuffix("\r\n\r\n4\r\nhalf\r\n"))
        #expect(server.answer(to: "GET /b HTTP/1.1\r\n\r\n") == "")
        #expect(eventually { server.server.activeCount == 0 })
    }

    @Test func anExchangeThatIsForgottenIsAborted() throws {
        let server = try TestServer { request, exchange in
            if request.head.path == "/" { exchange.begin(status: 200, fields: [:]) }
        }
        #expect(server.answer(to: Self.request).hasSuffix("chunked\r\n\r\n"))
        #expect(server.answer(to: "GET /b HTTP/1.1\r\n\r\n") == "")
        #expect(eventually { server.server.activeCount == 0 })
    }

    @Test func aWriterWaitsForAClient() throws {
        let written = Guarded(0)
        let server = try TestServer { _, exchange in
            Thread {
                exchange.begin(status: 200, fields: [:])
                for _ in 0..<1000 {
                    exchange.write([UInt8](repeating: 0x61, count: 10_000))
                    written.withLock { $0 += 1 }
                }
                exchange.end()
            }?.detach()
        }
        let client = RawClient(server.address, receiveBuffer: 4096)
        client.send("GET / HTTP/1.0\r\n\r\n")
        var before = -1
        #expect(
            eventually {
                sleepMilliseconds(100)
                defer { before = written.withLock { $0 } }
                return before > 0 && before == written.withLock { $0 }
            })
        #expect(before < 1000)
        let text = client.readAll()
        #expect(text.utf8.count > 10_000_000)
        #expect(written.withLock { $0 } == 1000)
    }

    @Test func aClientThatTakesNothingIsGivenUp() throws {
        var limits = HTTPLimits()
        limits.writeTimeout = 0.3
        let end = Signal()
        let gone = Signal()
        let server = try TestServer(limits: limits) { _, exchange in
            exchange.whenGone { gone.give() }
            Thread {
                exchange.begin(status: 200, fields: [:])
                while exchange.write([UInt8](repeating: 0, count: 10_000)) {}
                end.give()
            }?.detach()
        }
        let client = RawClient(server.address, receiveBuffer: 4096)
        client.send(Self.request)
        #expect(end.wait() && gone.wait())
        #expect(eventually { server.server.connectionCount == 0 })
        client.close()
    }

    @Test func offersAreDroppedWhenAClientIsSlow() throws {
        let done = Signal()
        let server = try TestServer { _, exchange in
            Thread {
                exchange.begin(status: 200, fields: [:])
                for _ in 0..<2000 { exchange.offer([UInt8](repeating: 0x62, count: 10_000)) }
                done.give()
                exchange.end()
            }?.detach()
        }
        let client = RawClient(server.address, receiveBuffer: 4096)
        client.send("GET / HTTP/1.0\r\n\r\n")
        #expect(done.wait())
        let count = client.readAll().utf8.count
        #expect(count > 10_000 && count < 20_000_000)
    }
}
