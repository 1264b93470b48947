// Streams of several sessions in several tasks, which are read to the end, left and cancelled: main MODEL. tools/test-c builds it for
// ThreadSanitizer, which ends it where two threads meet.
import Glibc
import RGEdge

struct Failure: Error {
    let description: String
}

/// Reads some pieces of an answer, or all, and uses the session in between and afterwards. Returns the text.
func read(_ session: Session, pieces limit: Int, lookup: Int) async throws -> String {
    var text = "", count = 0
    let options = GenerationOptions(maxTokens: 30, stop: ["nobody says this"], lookup: lookup)
    let stream = session.stream("In the beginning", options: options)
    for try await piece in stream {
        text += piece
        count += 1
        // One that was cancelled has ended here.
        guard session.position > 0, session.logits == nil || Task.isCancelled else {
            throw Failure(description: "the session is not being streamed")
        }
        if count == limit { break }
    }
    let position = session.position
    try session.feed([2])
    guard session.position == position + 1, session.logits != nil else { throw Failure(description: "the session can't be used") }
    return text
}

/// Reads whole and parts of the same answer, from the same point.
func readAll(_ session: Session, from start: Snapshot, lookup: Int) async throws {
    try session.restore(start)
    let whole = try await read(session, pieces: .max, lookup: lookup)
    for limit in [1, 3, 9] {
        try session.restore(start)
        let part = try await read(session, pieces: limit, lookup: lookup)
        guard whole.hasPrefix(part) || Task.isCancelled else {
            throw Failure(description: "\(part) is not the beginning of \(whole)")
        }
    }
}

func run(_ path: String) async throws {
    let model = try Model(path: path, options: Model.Options(threads: 2))
    let base = try model.makeSession()
    try base.feed([2, 10, 20])
    let start = try base.snapshot()
    let tasks = try (0..<8).map { number in
        let session = try base.fork()
        return Task.detached { try await readAll(session, from: start, lookup: number % 2 * 4) }
    }
    for task in tasks.suffix(2) {
        try await Task.sleep(for: .milliseconds(100))
        task.cancel()
    }
    for task in tasks { try await task.value }
    // Iterators that go, and streams that nobody reads.
    for _ in 0..<20 {
        let session = try base.fork()
        var iterator: GenerationStream.Iterator? = session.stream("And").makeAsyncIterator()
        _ = try await iterator?.next()
        iterator = nil
        _ = session.stream("And")
    }
}

do {
    try await run(CommandLine.arguments[1])
    print("streams: ok")
} catch {
    print("streams: \(error)")
    exit(1)
}
