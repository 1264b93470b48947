/// What the server finds wrong before a service sees the request.
package enum HTTPProblem: Sendable, Equatable {
    /// Not HTTP/1; the clause says what is wrong with it.
    case badRequest(String)
    /// The request line and the fields have more bytes, or there are more fields, than the limits allow.
    case headerTooLarge
    /// The body has more bytes than this.
    case bodyTooLarge(limit: Int)
    /// The head or the body didn't arrive in time.
    case timeout
    /// As many connections are open, or as much of bodies is being read, as the limits allow.
    case tooManyConnections

    /// The status that says so.
    package var status: Int {
        switch self {
        case .badRequest: 400
        case .headerTooLarge: 431
        case .bodyTooLarge: 413
        case .timeout: 408
        case .tooManyConnections: 503
        }
    }

    /// The same in a sentence without a full stop.
    package var message: String {
        switch self {
        case .badRequest(let clause): "This is no HTTP/1.1 request: \(clause)"
        case .headerTooLarge: "The request's line and header fields are too large"
        case .bodyTooLarge(let limit): "The request's body has more than the \(limit) bytes that are allowed"
        case .timeout: "The request took too long to arrive"
        case .tooManyConnections:
            "The server has as many connections, or requests that are still arriving, as it allows; try again later"
        }
    }
}
