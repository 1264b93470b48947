import HTTPServer
import JSON

/// The endpoints: which function answers which path.
struct Router: Sendable {
    /// Answers a call. What it throws becomes the answer.
    typealias Handler = @Sendable (Server, Call) throws(APIError) -> Void

    /// What a path has.
    struct Endpoint: Sendable {
        let method: String
        /// True for what may be answered on the thread of the connections, since it neither waits nor takes long.
        let isLight: Bool
        let handler: Handler
    }

    private var endpoints: [String: Endpoint] = [:]

    mutating func get(_ paths: String..., handler: @escaping Handler) {
        for path in paths { endpoints[path] = Endpoint(method: "GET", isLight: true, handler: handler) }
    }

    mutating func post(_ paths: String..., handler: @escaping Handler) {
        for path in paths { endpoints[path] = Endpoint(method: "POST", isLight: false, handler: handler) }
    }

    /// The endpoint of a request. Throws for a path that isn't there, and for another method.
    func endpoint(_ head: HTTPHead) throws(APIError) -> Endpoint {
        let path = head.path.count > 1 && head.path.hasSuffix("/") ? String(head.path.dropLast()) : head.path
        // Names of models follow their path.
        let known = endpoints[path] ?? (path.hasPrefix("/v1/models/") ? endpoints["/v1/models/"] : nil)
        guard let known else {
            throw APIError(
                status: 404, "there is nothing at this path; /openapi.json lists what there is", type: "not_found_error",
                code: "unknown_url")
        }
        guard head.method == known.method || head.method == "OPTIONS" else {
            throw APIError(
                status: 405, "this path is for \(known.method), not for the method that was used", code: "method_not_allowed",
                allowed: known.method == "GET" ? "GET, HEAD, OPTIONS" : "\(known.method), OPTIONS")
        }
        return known
    }
}
