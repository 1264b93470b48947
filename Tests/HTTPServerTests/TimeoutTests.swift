import HTTPServer
import System
import Testing

/// What takes too long.
struct TimeoutTests {
    private func server(_ change: (inout HTTPLimits) -> Void) throws -> TestServer {
        var limits = HTTPLimits()
        change(&limits)
        return try TestServer(TestService(), limits)
    }

    @Test func aHeadThatComesSlowlyIsGivenUp() throws {
        let server = try server { $0.headTimeout = 0.3 }
        let client = server.client()
        let watch = Stopwatch()
        let sender = Thread {
            for byte in "GET / HTTP/1.1\r\nX-Slow: 0123456789" {
                guard client.send(String(byte)) else { return }; sleepMilliseconds(25)
            }
        }
        #expect(client.readAll().hasPrefix("HTTP/1.1 408 "))
        #expect(watch.seconds > 0.25 && watch.seconds < 3)
        sender?.join()
    }

    @Test func aBodyThatComesSlowlyIsGivenUp() throws {
        let server = try server { $0.bodyTimeout = 0.2 }
        let client = server.client()
        client.send("POST / HTTP/1.1\r\nContent-Length: 100\r\n\r\nhalf")
        #expect(client.readAll().hasPrefix("HTTP/1.1 408 "))
    }

    @Test func aConnectionWithoutARequestEndsInSilence() throws {
        let server = try server {
            $0.headTimeout = 0.2; $0.idleTimeout = 0.2
        }
        let silent = server.client()
        #expect(silent.readEnd() == 0)
        let idle = server.client()
        idle.send("GET / HTTP/1.1\r\n\r\n")
        #expect(idle.readAll().hasSuffix("GET / 0"))
        silent.close()
        idle.close()
        #expect(eventually { server.server.connectionCount == 0 })
    }

    @Test func aClientThatNeverClosesItsSideIsCut() throws {
        let server = try server { $0.idleTimeout = 0.1 }
        let client = server.client()
        client.send("GET / HTTP/1.0\r\n\r\n")
        #expect(client.readAll().hasSuffix("GET / 0"))
        #expect(eventually { server.server.connectionCount == 0 })
    }

    @Test func anAnswerMayTakeAsLongAsItTakes() throws {
        var limits = HTTPLimits()
        limits.headTimeout = 0.1
        limits.bodyTimeout = 0.1
        limits.idleTimeout = 0.1
        limits.writeTimeout = 0.1
        let server = try TestServer(limits: limits) { _, exchange in
            Thread {
                sleepMilliseconds(600)
                exchange.answer(.text("late"))
            }?.detach()
        }
        #expect(server.answer(to: "GET / HTTP/1.1\r\nConnection: close\r\n\r\n").hasSuffix("late"))
    }
}
