import NIOHTTP1

/// What stands before an answer's body.
struct AnswerHead {
    private let status: Int
    private let fields: HTTPFields
    /// Bytes of the body; nil if it is streamed.
    let length: Int?

    init(status: Int, fields: HTTPFields, length: Int?) {
        // Those below 200 are no answers, and a client would wait on.
        self.status = (200...599).contains(status) ? status : 500
        self.fields = fields
        self.length = length
    }

    init(_ answer: HTTPAnswer) { self.init(status: answer.status, fields: answer.fields, length: answer.body.count) }

    /// False for 204 and 304.
    var mayHaveBody: Bool { status != 204 && status != 304 }

    /// True if the service wants the connection closed.
    var closes: Bool { fields["Connection"]?.isField("close") ?? false }

    /// The head as NIO writes it.
    func response(to request: RequestState) -> HTTPResponseHead {
        var headers = HTTPHeaders()
        for field in fields.fields where field.name.isToken && !Self.ownFields.contains(where: field.name.isField) {
            headers.add(name: field.name, value: field.value.onOneFieldLine)
        }
        headers.add(name: "Date", value: HTTPDate.now)
        if let length, mayHaveBody { headers.add(name: "Content-Length", value: String(length)) }
        if request.isChunked { headers.add(name: "Transfer-Encoding", value: "chunked") }
        if !request.isKeptAlive {
            headers.add(name: "Connection", value: "close")
        } else if request.isOld {
            headers.add(name: "Connection", value: "keep-alive")
        }
        return HTTPResponseHead(version: request.version, status: .init(statusCode: status), headers: headers)
    }

    /// Fields that only the server knows.
    private static let ownFields = ["Content-Length", "Transfer-Encoding", "Connection", "Date"]
}

extension String {
    /// True for what may be a field's name (RFC 9110, 5.6.2).
    fileprivate var isToken: Bool {
        !isEmpty
            && utf8.allSatisfy {
                switch $0 {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
                default: "!#$%&'*+-.^_`|~".utf8.contains($0)
                }
            }
    }

    /// As a field's value: with spaces for what would end the line.
    fileprivate var onOneFieldLine: String {
        guard utf8.contains(where: { $0 < 0x20 && $0 != 0x09 || $0 == 0x7F }) else { return self }
        return String(decoding: utf8.map { $0 < 0x20 || $0 == 0x7F ? 0x20 : $0 }, as: UTF8.self)
    }
}
