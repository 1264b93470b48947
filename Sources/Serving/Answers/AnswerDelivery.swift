import HTTPServer
import JSON
import RGEdge
import System

/// Brings the answers of a request to its client, streamed or as a whole, in the shape of an API.
final class AnswerDelivery: AnswerSink {
    private struct State {
        var shape: any AnswerShape
        var answers: [WholeAnswer]
        var watches: [CallWatch]
        var isOver = false
        /// True once the head of a stream was sent.
        var hasHead = false
        /// How far the prompt is, and what of it the client was told.
        var progress: (done: Int, total: Int)?
        var lastSent = Stopwatch()
    }

    private let exchange: HTTPExchange
    private let isStreamed: Bool
    private let head: HTTPFields
    private let report: @Sendable (_ status: Int) -> Void
    private let state: Guarded<State>

    private static let building = Lock()

    /// Seconds of silence after which a stream says that it lives, and between two reports of progress.
    static let pingSeconds = 15.0, progressSeconds = 1.0

    /// For so many answers. `head` has the fields of all answers; `report` is told the status when one begins.
    init(
        to exchange: HTTPExchange, shape: any AnswerShape, answers: Int, isStreamed: Bool, mayCall: Bool, head: HTTPFields,
        report: @escaping @Sendable (_ status: Int) -> Void
    ) {
        self.exchange = exchange
        self.isStreamed = isStreamed
        self.head = head
        self.report = report
        state = Guarded(
            State(
                shape: shape, answers: [WholeAnswer](repeating: WholeAnswer(), count: answers),
                watches: [CallWatch](repeating: CallWatch(isOn: mayCall), count: answers)))
    }

    var isGone: Bool { exchange.isGone }

    /// Sends the head of a stream before its first part: until then, an error is an answer with a status of its own.
    private func sendHead() {
        let isEvents: Bool? = state.withLock { state in
            defer { state.hasHead = true }
            return state.hasHead ? nil : state.shape.isEventStream
        }
        guard let isEvents else { return }
        var fields = head
        fields.append("Content-Type", isEvents ? "text/event-stream; charset=utf-8" : "application/x-ndjson")
        // Proxies would keep it until it is whole.
        fields.append("Cache-Control", "no-cache")
        fields.append("X-Accel-Buffering", "no")
        report(200)
        exchange.begin(status: 200, fields: fields)
    }

    /// Says that the stream lives, if it was silent for long. Never waits.
    func ping(waiting: Int) {
        guard isStreamed else { return }
        let comment: String? = state.withLock { state in
            guard !state.isOver, state.shape.isEventStream, state.lastSent.seconds >= Self.pingSeconds else { return nil }
            state.lastSent = Stopwatch()
            return state.progress.map { "progress \($0.done)/\($0.total)" } ?? "waiting \(waiting)"
        }
        guard let comment else { return }
        sendHead()
        exchange.offer(Array(": \(comment)\n\n".utf8))
    }

    func progress(done: Int, total: Int) {
        guard isStreamed else { return }
        let isDue = state.withLock { state in
            let isFirst = state.progress == nil
            state.progress = (done, total)
            guard !state.isOver, state.shape.isEventStream, isFirst || state.lastSent.seconds >= Self.progressSeconds else {
                return false
            }
            state.lastSent = Stopwatch()
            return true
        }
        guard isDue else { return }
        sendHead()
        exchange.offer(Array(": progress \(done)/\(total)\n\n".utf8))
    }

    func begin(choice: Int) { send { $0.shape.opening(choice: choice) } }

    func append(_ piece: AnswerPiece, choice: Int) {
        send { state in
            state.answers[choice].text += piece.text
            if !isStreamed { state.answers[choice].tokens += piece.tokens }
            return state.watches[choice].append(piece).flatMap { state.shape.text($0, choice: choice) }
        }
    }

    func finish(choice: Int, _ finish: Finish) {
        send { state in
            let (call, words) = state.watches[choice].finish()
            var parts = words.flatMap { state.shape.text($0, choice: choice) }
            state.answers[choice].call = call
            state.answers[choice].finish = finish
            if let call { parts += state.shape.call(call, choice: choice) }
            return parts + state.shape.closing(state.answers[choice], choice: choice)
        }
    }

    func complete(_ totals: Totals) {
        if isStreamed {
            send { state in
                state.isOver = true
                return state.shape.ending(state.answers, totals)
            }
            exchange.end()
            return
        }
        // One at a time: as values, logprobs take much more memory than as text.
        let answer: HTTPAnswer? = Self.building.withLock {
            state.withLock { state in
                defer { state.isOver = true }
                return state.isOver ? nil : .json(200, state.shape.whole(state.answers, totals), head)
            }
        }
        if let answer {
            report(200)
            exchange.answer(answer)
        }
    }

    func fail(_ error: APIError) {
        let isFirst = state.withLock { state in
            defer { state.isOver = true }
            return !state.isOver
        }
        guard isFirst else { return }
        guard isStreamed, state.withLock({ $0.hasHead }) else {
            report(error.status)
            exchange.answer(.error(error, body: state.withLock { $0.shape.body(of: error) }, head))
            return
        }
        let parts = state.withLock { state in state.shape.failure(error).map { Self.bytes(of: $0, state.shape) } }
        for part in parts { _ = exchange.write(part) }
        // Without the last chunk: no client takes what it got for a whole answer.
        exchange.abort()
    }

    /// Sends what `body` makes. Under the lock only as long as that takes: a client that is slow holds up its own answers alone.
    private func send(_ body: (inout State) -> [StreamPart]) {
        let bytes: [UInt8] = state.withLock { state in
            guard !state.isOver else { return [] }
            let parts = body(&state)
            guard isStreamed, !parts.isEmpty else { return [] }
            state.lastSent = Stopwatch()
            return parts.flatMap { Self.bytes(of: $0, state.shape) }
        }
        guard !bytes.isEmpty else { return }
        sendHead()
        _ = exchange.write(bytes)
    }

    private static func bytes(of part: StreamPart, _ shape: any AnswerShape) -> [UInt8] {
        guard shape.isEventStream else {
            guard case .json(let value) = part else { return [] }
            return value.serialized() + [UInt8(ascii: "\n")]
        }
        switch part {
        case .json(let value): return Array("data: ".utf8) + value.serialized() + Array("\n\n".utf8)
        case .event(let name, let value): return Array("event: \(name)\ndata: ".utf8) + value.serialized() + Array("\n\n".utf8)
        case .text(let text): return Array("data: \(text)\n\n".utf8)
        }
    }
}

extension HTTPAnswer {
    /// A JSON text.
    static func json(_ status: Int, _ value: JSONValue, _ head: HTTPFields = [:]) -> HTTPAnswer {
        var fields = head
        fields.append("Content-Type", "application/json")
        return HTTPAnswer(status: status, fields: fields, body: value.serialized())
    }

    /// An error, in the shape that `body` has.
    static func error(_ error: APIError, body: JSONValue, _ head: HTTPFields = [:]) -> HTTPAnswer {
        var fields = head
        if let seconds = error.retryAfter { fields.append("Retry-After", String(seconds)) }
        // OpenAI's clients ask again by themselves where that is of use.
        let isWorthIt = [429, 503].contains(error.status)
        if error.status >= 400 { fields.append("x-should-retry", isWorthIt ? "true" : "false") }
        if let allowed = error.allowed { fields.append("Allow", allowed) }
        if error.status == 401 { fields.append("WWW-Authenticate", "Bearer") }
        return .json(error.status, body, fields)
    }
}
