import HTTPServer
import System
import Testing

/// Who makes room for others where a limit is reached.
struct RoomTests {
    private func limits(_ change: (inout HTTPLimits) -> Void) -> HTTPLimits {
        var limits = HTTPLimits()
        limits.patience = 0.3
        change(&limits)
        return limits
    }

    private static let get = "GET / HTTP/1.1\r\n\r\n"

    @Test func theConnectionIdleForLongestMakesRoom() throws {
        let server = try TestServer(TestService(), limits { $0.connections = 3 })
        let clients = (0..<3).map { _ in server.client() }
        for client in clients {
            client.send(Self.get)
            #expect(client.read { $0.hasSuffix("GET / 0") }.contains("200 OK"))
            sleepMilliseconds(20)
        }
        // The first was used again, so it is the second's turn, and then the third's.
        clients[0].send(Self.get)
        #expect(clients[0].read { $0.hasSuffix("GET / 0") }.contains("200 OK"))
        for victim in [1, 2] {
            #expect(server.answer(to: "GET / HTTP/1.0\r\n\r\n").contains("200 OK"))
            #expect(clients[victim].readAll().isEmpty)
        }
        clients[0].send(Self.get)
        #expect(clients[0].read { $0.hasSuffix("GET / 0") }.contains("200 OK"))
    }

    @Test func silentConnectionsAndSlowHeadsMakeRoom() throws {
        let server = try TestServer(TestService(), limits { $0.connections = 2 })
        let silent = server.client()
        let slow = server.client()
        slow.send("GET / HTTP")
        #expect(eventually { server.server.connectionCount == 2 })
        #expect(server.answer(to: Self.get).hasPrefix("HTTP/1.1 503 "))
        sleepMilliseconds(400)
        // Before they ask: between two requests they would be those that make room.
        let first = server.client()
        #expect(silent.readAll().isEmpty)
        let second = server.client()
        #expect(slow.readAll().isEmpty)
        for client in [first, second] {
            client.send(Self.get)
            #expect(client.read { $0.hasSuffix("GET / 0") }.contains("200 OK"))
        }
    }

    @Test func answersUnderWayMakeNoRoom() throws {
        let kept = Guarded<HTTPExchange?>(nil)
        let server = try TestServer(limits: limits { $0.connections = 1 }) { _, exchange in kept.withLock { $0 = exchange } }
        let busy = server.client()
        busy.send(Self.get)
        #expect(eventually { server.server.activeCount == 1 })
        sleepMilliseconds(400)
        #expect(server.answer(to: Self.get).hasPrefix("HTTP/1.1 503 "))
        #expect(server.server.activeCount == 1)
    }

    @Test func aBodyThatStallsMakesRoom() throws {
        let server = try TestServer(
            TestService(),
            limits {
                $0.bodyBytes = 1000; $0.unfinishedBodyBytes = 1000
            })
        let request = "POST / HTTP/1.1\r\nContent-Length: 1000\r\nConnection: close\r\n\r\n"
        let body = String(repeating: "x", count: 1000)
        let stalled = server.client()
        stalled.send(request + body.dropLast())
        sleepMilliseconds(50)
        #expect(server.answer(to: request + body).hasPrefix("HTTP/1.1 503 "))
        sleepMilliseconds(400)
        #expect(server.answer(to: request + body).hasSuffix("POST / 1000"))
        #expect(stalled.readAll().hasPrefix("HTTP/1.1 408 "))
    }

    private static let large = 20_000_000

    private func largeAnswers(_ change: (inout HTTPLimits) -> Void) throws -> TestServer {
        try TestServer(limits: limits(change)) { _, exchange in
            exchange.answer(HTTPAnswer(status: 200, body: [UInt8](repeating: 0x61, count: Self.large)))
        }
    }

    @Test func answersThatNobodyTakesHaveALimit() throws {
        let server = try largeAnswers { $0.unsentBytes = 30_000_000 }
        let stalled = RawClient(server.address, receiveBuffer: 4096)
        stalled.send(Self.get)
        #expect(eventually { server.server.activeCount == 1 })
        sleepMilliseconds(50)
        // Nobody knows yet that the first takes nothing: who would add more is cut.
        #expect(server.answer(to: Self.get) == "")
        sleepMilliseconds(2000)
        #expect(server.answer(to: "GET / HTTP/1.0\r\n\r\n").utf8.count > Self.large)
        #expect(stalled.readAll().utf8.count < Self.large)
        #expect(eventually { server.server.activeCount == 0 })
    }

    @Test func anAnswerAloneAlwaysHasRoom() throws {
        let server = try largeAnswers { $0.unsentBytes = 1000 }
        for _ in 0..<2 { #expect(server.answer(to: "GET / HTTP/1.0\r\n\r\n").utf8.count > Self.large) }
    }
}
