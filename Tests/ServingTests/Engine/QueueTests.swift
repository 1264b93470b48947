import Glibc
import RGEdge
import System
import TestSupport
import Testing
import Text

@testable import Serving

@Suite("Many requests")
struct QueueTests {
    @Test("A queue that is full refuses, and one that has emptied takes")
    func full() throws {
        let test = try TestEngine(queueLimit: 2)
        let long = try test.submit(try test.request([.user("Tell all.")], tokens: 100_000))
        while test.engine.isIdle || test.engine.queue.count > 0 { usleep(500) }
        let waiting = try (0..<2).map { try test.submit(try test.request([.user("Number \($0)?")])) }
        #expect(throws: APIError.self) { try test.submit(try test.request([.user("One more?")])) }
        // Who has gone makes room.
        waiting[0].leave()
        let next = try test.submit(try test.request([.user("Instead?")]))
        long.leave()
        #expect(waiting[1].wait().totals != nil)
        #expect(next.wait().totals != nil)
    }

    @Test("Where none may wait, as many are answered as there are threads")
    func noQueue() throws {
        let test = try TestEngine(parallel: 2, queueLimit: 0)
        usleep(20_000)
        let sinks = try (0..<2).map { try test.submit(try test.request([.user("Number \($0)?")], tokens: 100_000)) }
        #expect(throws: APIError.self) { try test.submit(try test.request([.user("One more?")])) }
        for sink in sinks { sink.leave() }
    }

    @Test("A request of which one answer is being made gets its others, too, before the end")
    func endOfSeveral() throws {
        let test = try TestEngine()
        let sink = try test.submit(try test.request([.user("Tell all.")], tokens: 200, count: 3))
        while sink.state.withLock({ $0.parts == 0 }) { usleep(200) }
        test.engine.drain()
        let state = sink.wait()
        #expect(state.error == nil && state.texts.count == 3)
        test.engine.stop()
    }

    @Test("A short question is answered while a long prompt is read")
    func fair() throws {
        let test = try TestEngine(parallel: 2)
        let long = (0..<6000).map { "Word \($0)" }.joined(separator: " ")
        let sink = try test.submit(try test.request([.user(long)], tokens: 1))
        while sink.state.withLock({ $0.progress.isEmpty }) { usleep(500) }
        #expect(try test.submit(try test.request([.user("Who?")], tokens: 4)).wait().totals != nil)
        #expect(sink.state.withLock { $0.totals == nil })
        sink.leave()
    }

    @Test("At the end, answers under way stop, who waits is told, and what was read is on disk")
    func end() throws {
        let folder = try TemporaryFolder()
        let test = try TestEngine(folder: folder.path)
        let long = (0..<3000).map { "In the year \($0) the people went out." }.joined(separator: " ")
        let sink = try test.submit(try test.request([.user(long)], tokens: 100_000))
        let waiting = try test.submit(try test.request([.user("And?")]))
        while sink.state.withLock({ ($0.progress.last ?? 0) < 1000 }) { usleep(500) }
        test.engine.drain()
        #expect(waiting.wait().error == .draining)
        #expect(throws: APIError.draining) { try test.submit(try test.request([.user("More?")])) }
        let watch = Stopwatch()
        test.engine.stop()
        #expect(watch.seconds < 2)
        #expect(sink.wait().error == .draining)
        let next = try TestEngine(folder: folder.path)
        let again = try next.submit(try next.request([.user(long)], tokens: 1))
        while again.state.withLock({ $0.progress.isEmpty && $0.totals == nil }) { usleep(500) }
        let first = again.state.withLock { $0.progress.first ?? 0 }
        again.leave()
        #expect(first > 1000)
    }

    @Test("Snapshots keep within their bytes, the newest of each conversation longest")
    func memory() throws {
        let small = try TestEngine(snapshotBytes: 600_000)
        var conversations = (0..<3).map { [Message.user("Conversation \($0): who?")] }
        for _ in 0..<4 {
            for index in conversations.indices {
                conversations[index].append(.model(try small.answer(conversations[index]).text))
                conversations[index].append(.user("And then?"))
                #expect(small.engine.snapshots.figures.byteCount <= 600_000)
            }
        }
        #expect(small.engine.snapshots.figures.count > 2)
        for conversation in conversations { #expect(try small.answer(conversation).totals.reusedTokens > 30) }
        let none = try TestEngine(snapshotBytes: 0)
        #expect(try none.answer(conversations[0]).totals.reusedTokens == 0)
        #expect(none.engine.snapshots.figures.count == 0)
    }
}
