import NIOCore
import NIOHTTP1

// What comes in.
extension Connection {
    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch Self.unwrapInboundIn(data) {
        case .head(let head): begin(head, context)
        case .body(let part): append(part)
        case .end: complete()
        }
    }

    private func begin(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        pipeline.begins()
        guard case .head = phase else { return }
        isNew = false
        request = RequestState(head, isLocal: context.channel.isLocal)
        if let refusal = core.service.refusal(of: request.head) {
            if request.hasBody { return finish(with: refusal) }
            return enter(.refused(refusal))
        }
        guard !request.isBody(largerThan: core.limits.bodyBytes) else {
            return fail(.bodyTooLarge(limit: core.limits.bodyBytes))
        }
        enter(.body)
        if request.expectsContinue, request.hasBody {
            let answer = HTTPResponseHead(version: request.version, status: .continue)
            context.writeAndFlush(Self.wrapOutboundOut(.head(answer)), promise: nil)
        }
    }

    private func append(_ part: ByteBuffer) {
        guard case .body = phase else { return }
        guard request.body.count + part.readableBytes <= core.limits.bodyBytes else {
            return fail(.bodyTooLarge(limit: core.limits.bodyBytes))
        }
        guard core.reserve(bodyBytes: part.readableBytes, for: self) else { return fail(.tooManyConnections) }
        request.body.append(contentsOf: part.readableBytesView)
    }

    /// Lets go of a body that isn't whole.
    func dropBody() {
        core.release(bodyBytes: request.body.count)
        request.body = []
    }

    private func complete() {
        switch phase {
        case .body:
            let whole = HTTPRequest(head: request.head, body: request.body)
            dropBody()
            core.service.respond(to: whole, through: HTTPExchange(newAnswer()))
        case .refused(let refusal): newAnswer().answer(refusal)
        case .head, .answer, .closing: return
        }
    }

    private func newAnswer() -> AnswerStream {
        enter(.answer)
        let answer = AnswerStream(core: core, connection: self)
        self.answer = answer
        return answer
    }

    func enter(_ phase: Phase) {
        self.phase = phase
        since = .now()
        gate.count = 0
        isReceiving = false
    }

    /// The first byte of a head has come, or another of something else.
    func receives() {
        if case .head = phase, gate.count > 0, !isReceiving {
            isReceiving = true
            since = .now()
        }
    }

    /// Bounds what the decoder may keep without counting it: spaces between names and values, above all.
    func hasReceived() {
        switch phase {
        case .head where gate.count > core.limits.headerBytes + Self.slack: fail(.headerTooLarge)
        // Chunks of a byte each come with five more.
        case .body where gate.count / 8 > core.limits.bodyBytes + Self.slack: fail(.bodyTooLarge(limit: core.limits.bodyBytes))
        // While an answer is under way nothing is read but the rest of a batch; only when the client ends does NIO read all that the
        // system has, which may be megabytes of small parts, although nobody wants them any more.
        case .answer where gate.count > Self.batchBytes: cut()
        default: break
        }
    }

    /// More than one read of the socket gives, and more than one batch of reads.
    static let slack = 64 << 10
    private static let batchBytes = 256 << 10

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if error is ByteToMessageDecoderError.PayloadTooLargeError {
            // Nothing more comes from the decoder, also if this was the next request.
            request.isKeptAlive = false
            switch phase {
            case .head, .body, .refused: return fail(.headerTooLarge)
            case .answer, .closing: return
            }
        }
        // Others are those of connections that are lost, which NIO closes. Nobody has to read of them.
        guard let error = error as? HTTPParserError, context.channel.isActive else { return }
        switch phase {
        case .head, .body, .refused: fail(error == .headerOverflow ? .headerTooLarge : .badRequest(error.clause))
        case .answer, .closing: break
        }
    }
}

extension HTTPParserError {
    /// What is wrong, in a clause.
    fileprivate var clause: String {
        switch self {
        case .invalidVersion: "its version is not 1.0 or 1.1"
        case .invalidMethod: "its method is unknown"
        case .invalidURL: "what it asks for is no path"
        case .invalidHeaderToken: "a header field is malformed"
        case .invalidContentLength, .unexpectedContentLength: "its Content-Length is malformed, or stands beside Transfer-Encoding"
        case .invalidChunkSize: "a chunk's size is malformed"
        default: "it is malformed"
        }
    }
}
