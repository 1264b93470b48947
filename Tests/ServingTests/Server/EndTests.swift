import HTTPServer
import ModelTestSupport
import RGEdge
import TestSupport
import Testing

@testable import Serving

@Suite("A server's end")
struct EndTests {
    private func server() throws -> Server {
        let model = try Model(path: try ConvertedModels.pathWithTemplate("tiny-en", .q4), options: Model.Options(threads: 1))
        var options = ServerOptions(name: "tiny")
        options.parallel = 1
        return try Server(model, options: options, report: { _ in })
    }

    @Test("It is freed, with its model and the event loop")
    func memory() throws {
        weak var freed: Server?
        do {
            let server = try server()
            freed = server
            let places = try server.start(on: [.tcp(host: "127.0.0.1", port: 0)])
            let client = LoopbackClient(port: try #require(places[0].split(separator: ":").last.flatMap { Int($0) }))
            #expect(try client.get("/health").status == 200)
            #expect(server.silence < 10 && server.failure == nil)
            server.drain(patience: 0)
        }
        #expect(freed == nil)
    }

    @Test("A start that fails leaves no address taken")
    func failedStart() throws {
        let folder = try TemporaryFolder()
        let first = HTTPAddress.unix(path: folder.file("first"))
        let failed = try server()
        #expect(throws: HTTPServerError.self) { try failed.start(on: [first, .unix(path: folder.file("no/second"))]) }
        failed.drain(patience: 0)
        #expect(try folder.contents() == [])
    }
}
