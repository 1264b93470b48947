import HTTPServer
import JSON
import ModelTestSupport
import RGEdge
import System
import TestSupport
import Testing

@testable import Serving

@Suite("Streams that wait")
struct StreamTests {
    @Test("One that nothing was made for gets a status of its own at the end")
    func refused() throws {
        let model = try Model(path: try ConvertedModels.pathWithTemplate("tiny-en", .q4), options: Model.Options(threads: 1))
        var options = ServerOptions(name: "tiny")
        options.parallel = 1
        let server = try Server(model, options: options, report: { _ in })
        defer { server.drain(patience: 0) }
        let places = try server.start(on: [.tcp(host: "127.0.0.1", port: 0)])
        let client = LoopbackClient(port: try #require(places[0].split(separator: ":").last.flatMap { Int($0) }))
        let long: JSONValue = [
            "messages": [["role": "user", "content": "Tell all."]], "max_tokens": 30_000, "stream": true, "ignore_eos": true,
        ]
        let first = Guarded<LoopbackClient.Answer?>(nil), second = Guarded<LoopbackClient.Answer?>(nil)
        let threads = [first, second].map { answer in
            let thread = Thread {
                let got = try? client.post("/v1/chat/completions", long)
                answer.withLock { $0 = got }
            }
            while server.engine.queue.isIdle {}
            return thread
        }
        while server.engine.queue.count == 0 || server.engine.workers[0].progress?.generatedTokens ?? 0 < 3 {}
        server.engine.drain()
        threads[1]?.join()
        let refused = try #require(second.withLock { $0 })
        #expect(refused.status == 503 && refused.json["error"]?["code"] == "draining")
        server.engine.requestStop()
        threads[0]?.join()
        let cut = try #require(first.withLock { $0 })
        #expect(cut.status == 200 && !cut.isWhole && cut.values.last?["error"]?["code"] == "draining")
    }
}
