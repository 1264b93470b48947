/// What stands before a request's body.
package struct HTTPHead: Sendable {
    /// "GET", "POST" …; a HEAD is shown as "GET", and its answer goes out without the body.
    package let method: String
    /// What is asked for, without the query and as sent, so with its %20.
    package let path: String
    /// What follows the question mark, as sent.
    package let query: String
    /// The fields.
    package let fields: HTTPFields
    /// True if the client is on this machine: on its loopback, or on a socket in the file system. Whoever connects through a proxy
    /// here is as local as the proxy.
    package let isLocal: Bool

    /// A head of these parts.
    package init(method: String, path: String, query: String = "", fields: HTTPFields = [:], isLocal: Bool = true) {
        self.method = method
        self.path = path
        self.query = query
        self.fields = fields
        self.isLocal = isLocal
    }
}

/// A whole request.
package struct HTTPRequest: Sendable {
    /// What stands before the body.
    package let head: HTTPHead
    /// The body, without chunks' marks; empty if there is none.
    package let body: [UInt8]

    /// A request of these parts.
    package init(head: HTTPHead, body: [UInt8]) {
        self.head = head
        self.body = body
    }
}
