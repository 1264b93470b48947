import NIOHTTP1

/// What a connection knows of the request that it reads or answers.
struct RequestState {
    /// The head, as the service gets it.
    var head = HTTPHead(method: "GET", path: "/", isLocal: false)
    var version = HTTPVersion.http1_1
    /// The body so far.
    var body: [UInt8] = []
    /// True if the answer goes out without its body.
    var isHead = false
    /// True if the connection may be used for another request.
    var isKeptAlive = false
    /// True if the answer's body is chunked.
    var isChunked = false
    /// True if the answer has a body that is sent.
    var hasAnswerBody = true
}

extension RequestState {
    init(_ head: HTTPRequestHead, isLocal: Bool) {
        let (path, query) = Self.split(head.uri)
        let fields = HTTPFields(head.headers.map { ($0.name, $0.value) })
        isHead = head.method == .HEAD
        self.head = HTTPHead(
            method: isHead ? "GET" : head.method.rawValue, path: path, query: query, fields: fields, isLocal: isLocal)
        version = head.version
        // After a request that asks for another protocol, NIO's decoder reads no more.
        isKeptAlive = head.isKeepAlive && head.method != .CONNECT && fields["Upgrade"] == nil
    }

    /// True for a client that knows no chunks, and closes unless it says otherwise.
    var isOld: Bool { version.minor < 1 }

    /// True if a body follows the head.
    var hasBody: Bool {
        if head.fields["Transfer-Encoding"] != nil { return true }
        return head.fields["Content-Length"].map { Int($0) != 0 } ?? false
    }

    /// True if the body is announced to be larger than this. (The decoder takes only digits there.)
    func isBody(largerThan limit: Int) -> Bool {
        guard let length = head.fields["Content-Length"] else { return false }
        return Int(length).map { $0 > limit } ?? true
    }

    /// True if the client waits to be told to send the body.
    var expectsContinue: Bool {
        !isOld && head.fields.values(of: "Expect").contains { $0.isField("100-continue") }
    }

    /// The path and the query of what a request asks for, which a client may have given in whole ("http://host/path?query").
    static func split(_ target: String) -> (path: String, query: String) {
        var target = target[...]
        if !target.hasPrefix("/"), let range = target.firstRange(of: "://") {
            target = target[range.upperBound...]
            target = target[(target.firstIndex { $0 == "/" || $0 == "?" } ?? target.endIndex)...]
        }
        let mark = target.firstIndex(of: "?")
        let path = target[..<(mark ?? target.endIndex)]
        return (path.isEmpty ? "/" : String(path), mark.map { String(target[target.index(after: $0)...]) } ?? "")
    }
}
