import HTTPServer
import System
import Testing

/// Requests and whole answers.
struct RequestTests {
    @Test func answersAndKeepsTheConnection() throws {
        let server = try TestServer()
        let client = server.client()
        for number in 0..<3 {
            client.send("POST /a\(number)?q HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc")
            let text = client.read { $0.hasSuffix("3") }
            #expect(text.hasPrefix("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nDate: "))
            #expect(text.hasSuffix("\r\nContent-Length: 10\r\n\r\nPOST /a\(number) 3"))
        }
    }

    @Test func headsAreTakenApart() throws {
        let heads = Guarded<[HTTPHead]>([])
        let server = try TestServer { request, exchange in
            heads.withLock { $0.append(request.head) }
            exchange.answer(.text("."))
        }
        for target in ["/p%20q?a=b?c", "http://host:1/p?", "http://host?q", "*"] {
            _ = server.answer(to: "GET \(target) HTTP/1.1\r\nX-A: 1\r\nx-a: 2\r\nConnection: close\r\n\r\n")
        }
        let seen = heads.withLock { $0 }
        #expect(seen.map(\.path) == ["/p%20q", "/p", "/", "*"])
        #expect(seen.map(\.query) == ["a=b?c", "", "q", ""])
        #expect(seen[0].fields["x-A"] == "1")
        #expect(seen[0].fields.values(of: "X-A") == ["1", "2"])
        #expect(seen[0].isLocal)
    }

    @Test func aRequestMayComeByteByByte() throws {
        let server = try TestServer()
        let client = server.client()
        let text =
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n2\r\nab\r\n1;x=y\r\nc\r\n0\r\nT: 1\r\n\r\n"
        for byte in text { client.send(String(byte)) }
        #expect(client.readAll().hasSuffix("POST / 3"))
    }

    @Test func pipelinedRequestsAreAnsweredInOrder() throws {
        let server = try TestServer { request, exchange in
            // The first takes longest.
            let delay = max(0, 40 - request.head.path.utf8.count * 10)
            Thread {
                sleepMilliseconds(delay)
                exchange.answer(.text("<\(request.head.path)>"))
            }?.detach()
        }
        let client = server.client()
        client.send(
            "GET /1 HTTP/1.1\r\n\r\nGET /22 HTTP/1.1\r\n\r\nGET /333 HTTP/1.1\r\nConnection: close\r\n\r\nGET /no HTTP/1.1\r\n\r\n")
        let bodies = client.readAll().split(separator: "<").dropFirst().map { $0.prefix { $0 != ">" } }
        #expect(bodies == ["/1", "/22", "/333"])
    }

    @Test func ofThousandsOfPipelinedRequestsSomeAreKept() throws {
        let server = try TestServer { request, exchange in
            guard request.head.path == "/later" else { return exchange.answer(.text(".")) }
            Thread {
                sleepMilliseconds(200)
                exchange.answer(.text("."))
            }?.detach()
        }
        let client = server.client()
        client.send("GET /later HTTP/1.1\r\n\r\n" + String(repeating: "GET / HTTP/1.1\r\n\r\n", count: 1000))
        let text = client.readAll()
        let answers = text.split(separator: "HTTP/1.1 200 OK")
        #expect(answers.count == 33)
        #expect(answers.filter { $0.contains("Connection: close") } == answers.suffix(1))
    }

    @Test func pipelinedRequestsThatAreAnsweredAtOnceHaveNoLimit() throws {
        let server = try TestServer()
        let client = server.client()
        let sender = Thread {
            for _ in 0..<1000 { client.send(String(repeating: "GET / HTTP/1.1\r\n\r\n", count: 20)) }
            client.send("GET / HTTP/1.0\r\n\r\n")
        }
        #expect(client.readAll().split(separator: " 200 OK").count == 20_002)
        sender?.join()
    }

    @Test func theAnswerToHeadHasNoBody() throws {
        let server = try TestServer { request, exchange in
            if request.head.path == "/stream" {
                exchange.begin(status: 200, fields: [:])
                exchange.write(Array("part".utf8))
                exchange.end()
            } else {
                exchange.answer(.text(request.head.method))
            }
        }
        let client = server.client()
        client.send("HEAD / HTTP/1.1\r\n\r\nHEAD /stream HTTP/1.1\r\n\r\nGET /last HTTP/1.1\r\nConnection: close\r\n\r\n")
        let parts = client.readAll().split(separator: "HTTP/1.1 200 OK")
        #expect(parts.count == 3)
        #expect(parts[0].hasSuffix("Content-Length: 3\r\n\r\n"))
        #expect(parts[1].hasSuffix("\r\n\r\n") && !parts[1].contains("chunked"))
        #expect(parts[2].hasSuffix("GET"))
    }

    @Test func version10ClosesUnlessAskedNotTo() throws {
        let server = try TestServer()
        #expect(server.answer(to: "GET / HTTP/1.0\r\n\r\n").contains("HTTP/1.0 200 OK\r\n"))
        let client = server.client()
        client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        #expect(client.read { $0.hasSuffix(" 0") }.contains("Connection: keep-alive"))
        client.send("GET /b HTTP/1.0\r\n\r\n")
        #expect(client.readAll().hasSuffix("GET /b 0"))
    }

    @Test func aClientThatWaitsIsToldToContinue() throws {
        let server = try TestServer()
        let client = server.client()
        client.send("POST / HTTP/1.1\r\nContent-Length: 2\r\nExpect: 100-Continue\r\nConnection: close\r\n\r\n")
        #expect(client.read { $0.hasSuffix("\r\n\r\n") } == "HTTP/1.1 100 Continue\r\n\r\n")
        client.send("ab")
        #expect(client.readAll().hasSuffix("POST / 2"))
    }

    @Test func afterAnUpgradeThatIsNotDoneTheConnectionCloses() throws {
        let server = try TestServer()
        let text = server.answer(to: "GET / HTTP/1.1\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n")
        #expect(text.contains("200 OK") && text.contains("Connection: close") && text.hasSuffix("GET / 0"))
        _ = server.answer(to: "CONNECT host:1 HTTP/1.1\r\n\r\n")
    }

    @Test func aServiceCantBreakTheFraming() throws {
        let server = try TestServer { request, exchange in
            let fields: HTTPFields = [
                "content-length": "7", "Transfer-Encoding": "gzip", "X-A": "1\r\nX-B: 2", "bad name": "x", "": "y", "X-C": "3",
            ]
            exchange.answer(HTTPAnswer(status: request.head.path == "/204" ? 204 : 99, fields: fields, body: Array("abc".utf8)))
        }
        let client = server.client()
        client.send("GET / HTTP/1.1\r\n\r\nGET /204 HTTP/1.1\r\nConnection: close\r\n\r\n")
        let text = client.readAll()
        #expect(text.contains("HTTP/1.1 500 ") && text.contains("X-A: 1  X-B: 2\r\n") && text.contains("X-C: 3\r\n"))
        #expect(!text.contains("gzip") && !text.contains("bad name") && !text.contains(": 7"))
        #expect(text.contains("abcHTTP/1.1 204 No Content\r\n") && text.hasSuffix("Connection: close\r\n\r\n"))
    }

    @Test func halfAnEndIsEnoughForAnAnswerAtOnce() throws {
        let server = try TestServer()
        let client = server.client()
        client.send("GET / HTTP/1.1\r\n\r\n")
        client.endSending()
        #expect(client.readAll().hasSuffix("GET / 0"))
    }
}
