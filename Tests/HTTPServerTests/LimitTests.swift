import HTTPServer
import System
import Testing

/// What is too large or too much.
struct LimitTests {
    private func limits(_ change: (inout HTTPLimits) -> Void) -> HTTPLimits {
        var limits = HTTPLimits()
        change(&limits)
        return limits
    }

    @Test func aBodyTooLargeIsRefusedBeforeItComes() throws {
        let server = try TestServer(TestService(), limits { $0.bodyBytes = 10 })
        #expect(server.answer(to: "POST / HTTP/1.1\r\nContent-Length: 10\r\nConnection: close\r\n\r\n0123456789").hasSuffix(" 10"))
        for length in ["11", "99999999999", "18446744073709551615"] {
            let text = server.answer(to: "POST / HTTP/1.1\r\nContent-Length: \(length)\r\nExpect: 100-continue\r\n\r\n")
            #expect(text.hasPrefix("HTTP/1.1 413 ") && text.contains("Connection: close") && text.contains("the 10 bytes"))
        }
        let chunked = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n6\r\n012345\r\n5\r\n"
        #expect(server.answer(to: chunked + "01234\r\n").hasPrefix("HTTP/1.1 413 "))
    }

    @Test func theAnswerArrivesAlthoughTheBodyIsStillSent() throws {
        var service = TestService()
        service.refusing = { $0.path == "/no" ? .text("refused", status: 401) : nil }
        let server = try TestServer(service)
        for path in ["/no", "/large"] {
            let client = server.client()
            client.send("POST \(path) HTTP/1.1\r\nContent-Length: 4000000\r\n\r\n")
            #expect(client.send(String(repeating: "x", count: 4_000_000)))
            #expect(client.readAll().hasPrefix(path == "/no" ? "HTTP/1.1 401 " : "HTTP/1.1 413 "))
        }
    }

    @Test func aRefusalWithoutABodyKeepsTheConnection() throws {
        var service = TestService()
        service.refusing = { $0.path == "/no" ? .text("refused", status: 403) : nil }
        let server = try TestServer(service)
        let text = server.answer(to: "GET /no HTTP/1.1\r\n\r\nGET /yes HTTP/1.1\r\nConnection: close\r\n\r\n")
        #expect(text.hasPrefix("HTTP/1.1 403 ") && text.contains("refusedHTTP/1.1 200 OK"))
    }

    @Test func aHeadTooLargeIsRefused() throws {
        let server = try TestServer(
            TestService(),
            limits {
                $0.headerBytes = 1000; $0.headerCount = 10
            })
        let long = String(repeating: "x", count: 1001)
        #expect(server.answer(to: "GET /\(long) HTTP/1.1\r\n\r\n").hasPrefix("HTTP/1.1 431 "))
        #expect(server.answer(to: "GET / HTTP/1.1\r\n\(long): a\r\n\r\n").hasPrefix("HTTP/1.1 431 "))
        #expect(server.answer(to: "GET / HTTP/1.1\r\na: \(long)\r\n\r\n").hasPrefix("HTTP/1.1 431 "))
        let halves = "a: \(long.prefix(500))\r\nb: \(long.prefix(500))\r\n"
        #expect(server.answer(to: "GET / HTTP/1.1\r\n\(halves)\r\n").hasPrefix("HTTP/1.1 431 "))
        #expect(server.answer(to: "GET / HTTP/1.1\r\n\(String(repeating: "a: b\r\n", count: 11))\r\n").hasPrefix("HTTP/1.1 431 "))
        // The decoder doesn't count these.
        let client = server.client()
        client.send("GET / HTTP/1.1\r\na:")
        client.send(String(repeating: " ", count: 300_000))
        #expect(client.readAll().hasPrefix("HTTP/1.1 431 "))
    }

    @Test func whatIsNoRequestIsRefused() throws {
        let server = try TestServer()
        let texts = [
            "\u{16}\u{03}\u{01}\u{02}", "GET\r\n\r\n", "GET / HTTP/2.0\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            "GET / HTTP/1.1\r\na b: c\r\n\r\n",
            "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
            "POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "GET / HTTP/1.1\r\n: x\r\n\r\n",
        ]
        for text in texts {
            let answer = server.answer(to: text)
            #expect(answer.hasPrefix("HTTP/1.1 400 ") && answer.contains("Connection: close"), "\(text): \(answer)")
        }
        let client = server.client()
        client.send("GET / HTTP/1.1\r\n\r\nnonsense\r\n\r\n")
        #expect(client.readAll().contains("GET / 0HTTP/1.1 400 "))
    }

    @Test func bodiesThatComeTogetherHaveALimit() throws {
        let server = try TestServer(
            TestService(),
            limits {
                $0.bodyBytes = 1000; $0.unfinishedBodyBytes = 1500
            })
        let request = "POST / HTTP/1.1\r\nContent-Length: 1000\r\nConnection: close\r\n\r\n"
        let half = String(repeating: "x", count: 500)
        let first = server.client()
        let second = server.client()
        first.send(request + half)
        second.send(request + half)
        sleepMilliseconds(50)
        #expect(server.answer(to: request + half + half).hasPrefix("HTTP/1.1 503 "))
        first.send(half)
        #expect(first.readAll().hasSuffix("POST / 1000"))
        second.reset()
        #expect(eventually { server.server.connectionCount <= 1 })
        #expect(server.answer(to: request + half + half).hasSuffix("POST / 1000"))
    }

    @Test func tooManyConnectionsAreToldSo() throws {
        let server = try TestServer(TestService(), limits { $0.connections = 2 })
        let first = server.client()
        let second = server.client()
        #expect(eventually { server.server.connectionCount == 2 })
        let third = server.client()
        #expect(third.readAll().hasPrefix("HTTP/1.1 503 "))
        third.close()
        first.close()
        #expect(eventually { server.server.connectionCount == 1 })
        #expect(server.answer(to: "GET / HTTP/1.0\r\n\r\n").contains("200 OK"))
        second.send("GET / HTTP/1.0\r\n\r\n")
        #expect(second.readAll().contains("200 OK"))
    }
}
