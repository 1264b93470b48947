/// The way of one answer to its client. Any thread may use it; what comes too late (a second answer, a part after the end) is
/// passed over. If a service lets go of it before the end, it is aborted.
package final class HTTPExchange: Sendable {
    private let stream: AnswerStream

    init(_ stream: AnswerStream) { self.stream = stream }

    deinit { stream.abort() }

    /// Gives the whole answer.
    package func answer(_ answer: HTTPAnswer) { stream.answer(answer) }

    /// Begins an answer that comes in parts: with chunked encoding, for clients of HTTP/1.0 until the connection closes.
    package func begin(status: Int, fields: HTTPFields) { stream.begin(status: status, fields: fields) }

    /// Sends a part. From any thread but the server's it waits while more than ``HTTPLimits/pendingBytes`` wait for the client,
    /// which is given up if it takes nothing for ``HTTPLimits/writeTimeout``. False once the client has gone or the answer was
    /// aborted.
    @discardableResult
    package func write(_ bytes: [UInt8]) -> Bool { stream.write(bytes) }

    /// Sends a part if the client keeps up, and drops it otherwise; never waits.
    package func offer(_ bytes: [UInt8]) { stream.offer(bytes) }

    /// Ends the answer that was begun.
    package func end() { stream.end() }

    /// Ends the answer as one that failed: what was written goes out, and the connection closes without the last chunk.
    package func abort() { stream.abort() }

    /// True once the client has gone before the end, or the answer was aborted.
    package var isGone: Bool { stream.isGone }

    /// Has `body` called if the client goes before the end (not for ``abort()``): once, on the server's thread; at once if it has
    /// gone already.
    package func whenGone(_ body: @escaping @Sendable () -> Void) { stream.whenGone(body) }
}
