import NIOCore
import NIOHTTP1

// What goes out.
extension Connection {
    /// Sends what an exchange has given since the last time.
    func send(_ batch: AnswerBatch, of answer: AnswerStream) {
        guard answer === self.answer, let context else { return answer.sent(batch.bytes.count) }
        if let head = batch.head { write(head, context) }
        let count = batch.bytes.count
        if batch.bytes.isEmpty || !request.hasAnswerBody {
            answer.sent(count)
        } else {
            let isWhole = batch.head?.length != nil
            guard core.reserve(unsentBytes: count, isWhole: isWhole, for: self) else {
                answer.sent(count)
                return cut()
            }
            let promise = context.eventLoop.makePromise(of: Void.self)
            promise.futureResult.assumeIsolated().whenComplete { _ in
                self.core.release(unsentBytes: count, of: self)
                answer.sent(count)
            }
            let part = HTTPServerResponsePart.body(.byteBuffer(ByteBuffer(bytes: batch.bytes)))
            context.write(Self.wrapOutboundOut(part), promise: promise)
        }
        switch batch.ending {
        case .none: context.flush()
        case .whole: end(answer, context)
        case .aborted:
            self.answer = nil
            context.flush()
            answer.isFinished()
            closeGently()
        }
    }

    private func write(_ head: AnswerHead, _ context: ChannelHandlerContext) {
        let isStreamed = head.length == nil
        let isOld = request.isOld
        if core.isDraining || pipeline.isOver || head.closes || isStreamed && isOld && !request.isHead {
            request.isKeptAlive = false
        }
        request.isChunked = isStreamed && !isOld && !request.isHead && head.mayHaveBody
        request.hasAnswerBody = !request.isHead && head.mayHaveBody
        context.write(Self.wrapOutboundOut(.head(head.response(to: request))), promise: nil)
    }

    private func end(_ answer: AnswerStream, _ context: ChannelHandlerContext) {
        context.flush()
        // The next request isn't answered before the client takes this answer: a packet may hold thousands of requests.
        guard context.channel.isWritable else {
            isEndHeld = true
            return
        }
        let isLast = !request.isKeptAlive || core.isDraining || pipeline.isOver
        let promise = context.eventLoop.makePromise(of: Void.self)
        promise.futureResult.whenComplete { _ in answer.isFinished() }
        self.answer = nil
        enter(isLast ? .closing : .head)
        // The next request, if it is here already, comes before this returns.
        isEnding = true
        context.write(Self.wrapOutboundOut(.end(nil)), promise: promise)
        isEnding = false
        context.flush()
        if isLast { closeGently() }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable, isEndHeld, let answer {
            isEndHeld = false
            end(answer, context)
        }
        context.fireChannelWritabilityChanged()
    }

    // MARK: - Without an exchange

    /// Answers what is wrong, and closes.
    func fail(_ problem: HTTPProblem) { finish(with: core.service.answer(to: problem)) }

    /// Answers a request that isn't wholly here, and closes.
    func finish(with answer: HTTPAnswer) {
        guard let pipelining else { return }
        request.isKeptAlive = false
        request.isChunked = false
        dropBody()
        let head = AnswerHead(answer)
        phase = .closing
        pipelining.write(Self.wrapOutboundOut(.head(head.response(to: request))), promise: nil)
        if !request.isHead, head.mayHaveBody {
            let body = HTTPServerResponsePart.body(.byteBuffer(ByteBuffer(bytes: answer.body)))
            pipelining.write(Self.wrapOutboundOut(body), promise: nil)
        }
        pipelining.flush()
        closeGently()
    }

    // MARK: - Closing

    /// Says that nothing more will come, once all is sent, and drops what still comes until the client closes too or is late. A
    /// client that is still sending would otherwise get a reset, and might lose the answer.
    func closeGently() {
        enter(.closing)
        context?.close(mode: .output, promise: nil)
        gate.readOn()
    }

    /// Closes at once.
    func cut() {
        phase = .closing
        let lost = answer
        answer = nil
        context?.close(promise: nil)
        lost?.clientHasGone()
    }

    /// Closes if nothing of a request has come.
    func closeIfIdle() {
        if case .head = phase, !isReceiving { closeGently() }
    }
}
