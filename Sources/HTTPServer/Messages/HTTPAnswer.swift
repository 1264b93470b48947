/// An answer that is known as a whole.
package struct HTTPAnswer: Sendable {
    /// 200, 404 …
    package var status: Int
    /// The fields. Those that say how the body is framed (Content-Length, Transfer-Encoding) and Date are added; Connection is too,
    /// unless it is given as "close", which is done.
    package var fields: HTTPFields
    /// The body.
    package var body: [UInt8]

    /// An answer of these parts.
    package init(status: Int, fields: HTTPFields = [:], body: [UInt8] = []) {
        self.status = status
        self.fields = fields
        self.body = body
    }
}
