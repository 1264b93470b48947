import Glibc
import HTTPServer
import System
import TestSupport
import Testing

/// Where a server listens, and how it ends.
struct ListeningTests {
    private func server() -> HTTPServer { HTTPServer(service: TestService(), limits: HTTPLimits()) }

    private func isAnswered(_ address: String) -> Bool {
        let client = RawClient(address)
        client.send("GET / HTTP/1.0\r\n\r\n")
        return client.readAll().hasSuffix("GET / 0")
    }

    @Test func addressesAreRead() throws {
        #expect(try HTTPAddress(parsing: "127.0.0.1:8080") == .tcp(host: "127.0.0.1", port: 8080))
        #expect(try HTTPAddress(parsing: "[::1]:0") == .tcp(host: "::1", port: 0))
        #expect(try HTTPAddress(parsing: "localhost:65535") == .tcp(host: "localhost", port: 65535))
        #expect(try HTTPAddress(parsing: "unix:/run/a:b") == .unix(path: "/run/a:b"))
        for text in [
            "", ":8080", "localhost", "localhost:", "localhost:65536", "a:-1", "a:+1", "::1:80", "unix:", "http://a:1", "[::1:1",
            "a:99999999999999999999",
        ] {
            #expect(throws: HTTPServerError.self) { try HTTPAddress(parsing: text) }
        }
    }

    @Test func aPortInUseIsOneSentence() throws {
        let first = server()
        let address = try first.listen(on: .tcp(host: "127.0.0.1", port: 0))
        let port = try #require(Int(address.split(separator: ":").last ?? ""))
        let second = server()
        let error = #expect(throws: HTTPServerError.self) { try second.listen(on: .tcp(host: "127.0.0.1", port: port)) }
        #expect(
            error?.description
                == "127.0.0.1:\(port): can't listen (Address already in use); another program listens there: stop it, or take another port"
        )
        first.shutDown()
        #expect(try second.listen(on: .tcp(host: "127.0.0.1", port: port)) == address)
        #expect(isAnswered(address))
    }

    @Test func namesAndAddressesThatAreNotHereAreErrors() throws {
        let server = server()
        for host in ["192.0.2.1", "name.invalid", ""] {
            #expect(throws: HTTPServerError.self) { try server.listen(on: .tcp(host: host, port: 0)) }
        }
        #expect(isAnswered(try server.listen(on: .tcp(host: "localhost", port: 0))))
    }

    @Test func aSocketFileIsMadeAndRemoved() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("s.sock")
        let first = server()
        #expect(try first.listen(on: .unix(path: path)) == "unix:\(path)")
        #expect(isAnswered("unix:\(path)"))
        let second = server()
        let error = #expect(throws: HTTPServerError.self) { try second.listen(on: .unix(path: path)) }
        #expect(error?.description.contains("another program listens there") ?? false)
        first.shutDown()
        #expect(try folder.contents() == [])
        _ = try folder.write([1], to: "s.sock")
        #expect(throws: HTTPServerError.self) { try second.listen(on: .unix(path: path)) }
        #expect(throws: HTTPServerError.self) { try second.listen(on: .unix(path: folder.file("no/s.sock"))) }
        #expect(throws: HTTPServerError.self) { try second.listen(on: .unix(path: "/" + String(repeating: "x", count: 107))) }
    }

    @Test func aSocketFileThatIsLeftIsReplaced() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("s.sock")
        let left = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let code = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(left, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
        }
        try #require(code == 0)
        close(left)
        let server = server()
        #expect(isAnswered(try server.listen(on: .unix(path: path))))
        // A file that another server has put there stays.
        unlink(path)
        _ = try folder.write([1], to: "s.sock")
        server.shutDown()
        #expect(try folder.contents() == ["s.sock"])
    }

    @Test func aSocketThatIsPassedIsTaken() throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        let server = server()
        for wrong in [descriptor, 0, 9999] {
            #expect(throws: HTTPServerError.self) { try server.listen(on: .descriptor(wrong)) }
        }
        try #require(Glibc.listen(descriptor, 5) == 0)
        let address = try server.listen(on: .descriptor(descriptor))
        #expect(address.hasPrefix("http://0.0.0.0:"))
        #expect(isAnswered(address))
    }

    @Test func stoppingLetsAnswersEnd() throws {
        let kept = Guarded<HTTPExchange?>(nil)
        let server = try TestServer { _, exchange in kept.withLock { $0 = exchange } }
        let idle = server.client()
        let busy = server.client()
        busy.send("GET / HTTP/1.1\r\n\r\n")
        #expect(eventually { server.server.activeCount == 1 && server.server.connectionCount == 2 })
        server.server.stopListening()
        #expect(idle.readEnd() == 0)
        idle.close()
        #expect(server.client().readEnd() != EAGAIN)
        kept.withLock { $0 }?.answer(.text("late"))
        let text = busy.readAll()
        #expect(text.hasSuffix("late") && text.contains("Connection: close"))
        #expect(eventually { server.server.activeCount == 0 })
        busy.close()
        #expect(eventually { server.server.connectionCount == 0 })
    }

    @Test func shuttingDownCutsWhatIsUnderWay() throws {
        let gone = Signal()
        let end = Signal()
        let server = try TestServer { _, exchange in
            exchange.whenGone { gone.give() }
            Thread {
                exchange.begin(status: 200, fields: [:])
                while exchange.write([UInt8](repeating: 0, count: 100_000)) {}
                exchange.end()
                exchange.abort()
                exchange.whenGone { end.give() }
            }?.detach()
        }
        let client = RawClient(server.address, receiveBuffer: 4096)
        client.send("GET / HTTP/1.1\r\n\r\n")
        #expect(eventually { server.server.activeCount == 1 })
        server.server.shutDown()
        server.server.shutDown()
        #expect(gone.wait() && end.wait())
        #expect(server.server.activeCount == 0 && server.server.connectionCount == 0)
        #expect(throws: HTTPServerError.self) { try server.server.listen(on: .tcp(host: "127.0.0.1", port: 0)) }
        server.server.stopListening()
        server.server.every(0.01) {}
    }

    @Test func addressesThatOthersReachAreKnown() throws {
        for (text, isOpen) in [
            ("127.0.0.1:0", false), ("localhost:0", false), ("[::1]:0", false), ("127.9.9.9:0", false), ("unix:/run/a", false),
            ("0.0.0.0:0", true), ("[::]:0", true), ("192.0.2.1:0", true), ("127.1:0", false), ("[::ffff:127.0.0.1]:0", false),
        ] {
            #expect(try HTTPAddress(parsing: text).isOpenToOthers() == isOpen, "\(text)")
        }
        #expect(throws: HTTPServerError.self) { try HTTPAddress.tcp(host: "127.name.invalid", port: 0).isOpenToOthers() }
        let open = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        try #require(Glibc.listen(open, 5) == 0)
        #expect(try HTTPAddress.descriptor(open).isOpenToOthers())
        close(open)
    }

    @Test func aSocketThatCanNoLongerBeListenedOnIsAFailure() throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        try #require(Glibc.listen(descriptor, 5) == 0)
        let server = server()
        let address = try server.listen(on: .descriptor(descriptor))
        #expect(isAnswered(address) && server.failure == nil)
        shutdown(descriptor, Int32(SHUT_RDWR))
        #expect(eventually { server.failure != nil })
        #expect(server.failure?.hasPrefix(address) ?? false)
        let other = self.server()
        _ = try other.listen(on: .tcp(host: "127.0.0.1", port: 0))
        other.stopListening()
        other.shutDown()
        #expect(other.failure == nil)
    }

    @Test func listeningBesideTheEndEndsToo() throws {
        for _ in 0..<100 {
            let server = server()
            let thread = Thread { _ = try? server.listen(on: .tcp(host: "127.0.0.1", port: 0)) }
            server.shutDown()
            thread?.join()
        }
    }

    @Test func timersRunUntilTheEnd() throws {
        let server = server()
        let signal = Signal()
        server.every(0.005) { signal.give() }
        #expect(eventually { signal.times >= 3 })
        server.shutDown()
        let times = signal.times
        sleepMilliseconds(30)
        #expect(signal.times == times)
    }
}
