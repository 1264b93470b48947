import HTTPServer
import System
import Testing

/// What takes more memory than it has bytes, or time that it isn't worth.
struct FloodTests {
    @Test func smallChunksBehindAnAnswerArriveWhole() throws {
        let first = Guarded<HTTPExchange?>(nil)
        let bodies = Guarded<[[UInt8]]>([])
        let server = try TestServer { request, exchange in
            guard request.head.path == "/next" else { return first.withLock { $0 = exchange } }
            bodies.withLock { $0.append(request.body) }
            exchange.answer(.text("next"))
        }
        let client = server.client()
        let bytes = (0..<20_000).map { UInt8(ascii: "a") + UInt8($0 % 26) }
        let chunks = bytes.map { "1\r\n\(Character(Unicode.Scalar($0)))\r\n" }.joined()
        let next = "POST /next HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
        client.send("GET /first HTTP/1.1\r\n\r\n" + next + chunks + "0\r\n\r\n")
        client.send(next + "1\r\n#\r\n0\r\n\r\nGET /next HTTP/1.1\r\nConnection: close\r\n\r\n")
        #expect(eventually { first.withLock { $0 != nil } })
        sleepMilliseconds(50)
        first.withLock { $0 }?.answer(.text("first"))
        #expect(client.readAll().hasSuffix("next"))
        #expect(bodies.withLock { $0 } == [bytes, Array("#".utf8), []])
    }

    @Test func eachBodyBehindAnAnswerIsItsOwn() throws {
        let first = Guarded<HTTPExchange?>(nil)
        let server = try TestServer { request, exchange in
            if request.head.path == "/first" { return first.withLock { $0 = exchange } }
            exchange.answer(.text(String(decoding: request.body, as: UTF8.self) + ";"))
        }
        let client = server.client()
        var text = "GET /first HTTP/1.1\r\n\r\n"
        for number in 0..<20 {
            let chunks = "body \(number)".map { "1\r\n\($0)\r\n" }.joined()
            text += "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n\(chunks)0\r\n\r\n"
        }
        client.send(text + "nonsense\r\n\r\n")
        #expect(eventually { first.withLock { $0 != nil } })
        sleepMilliseconds(50)
        first.withLock { $0 }?.answer(.text("first"))
        let answers = client.readAll()
        for number in 0..<20 { #expect(answers.contains("\r\n\r\nbody \(number);")) }
        #expect(answers.contains("body 19;HTTP/1.1 400 "))
    }

    @Test func trailersOfBlanksAreRefused() throws {
        let server = try TestServer()
        let client = server.client()
        client.send("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nA:")
        client.send(String(repeating: " ", count: 300_000))
        let watch = Stopwatch()
        #expect(client.readAll().hasPrefix("HTTP/1.1 431 "))
        #expect(watch.seconds < 3)
    }

    @Test func aClientThatTakesNextToNothingIsGivenUp() throws {
        var limits = HTTPLimits()
        limits.writeTimeout = 0.5
        limits.leastTaken = 50_000_000
        let end = Signal()
        let server = try TestServer(limits: limits) { request, exchange in
            Thread {
                exchange.begin(status: 200, fields: [:])
                for _ in 0..<10_000 where !exchange.write([UInt8](repeating: 0, count: 10_000)) { break }
                end.give()
                exchange.end()
            }?.detach()
        }
        // One that reads as fast as it can gets all.
        #expect(server.answer(to: "GET / HTTP/1.0\r\n\r\n").utf8.count > 100_000_000)
        #expect(end.times == 1)
        let client = RawClient(server.address, receiveBuffer: 4096)
        client.send("GET / HTTP/1.0\r\n\r\n")
        let watch = Stopwatch()
        while end.times == 1, watch.seconds < 5 {
            client.readSome()
            sleepMilliseconds(20)
        }
        #expect(end.times == 2)
    }
}
