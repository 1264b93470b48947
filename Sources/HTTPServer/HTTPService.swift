/// What answers requests. All functions are called on the server's only thread, so they mustn't wait for anything.
package protocol HTTPService: Sendable {
    /// The answer that refuses a request by its head (401, 403, 404, 413 …), or nil for ``respond(to:through:)`` to get it. A body
    /// that is refused isn't read: the connection is closed after the answer.
    func refusal(of head: HTTPHead) -> HTTPAnswer?

    /// The answer to what the server itself finds wrong, so that it looks as the service's other errors do. The connection is closed
    /// after it.
    func answer(to problem: HTTPProblem) -> HTTPAnswer

    /// Gets a whole request. Answers through the exchange, now or later, from any thread. An exchange that is let go of without an
    /// answer is aborted.
    func respond(to request: HTTPRequest, through exchange: HTTPExchange)
}
