import CXXHash
import Glibc
import HTTPServer
import JSON
import RGEdge
import System
import Text
import Version

/// Answers whoever speaks OpenAI's or Ollama's HTTP, with one model.
package final class Server: HTTPService {
    let model: Model
    let options: ServerOptions
    let identity: ModelIdentity
    let engine: Engine
    let access: Access
    private let clerk = Clerk()
    private let router: Router
    private let http = Guarded<HTTPServer?>(nil)
    /// Runs since the loop last came to ``tick()``.
    private let lastTick = Guarded(Stopwatch())
    /// Answers that are streamed, to be told that they live.
    private let streams = Guarded<[ObjectIdentifier: WeakDelivery]>([:])

    /// Throws if there is no memory for what the options ask for, or the folder of sessions can't be used. `report` is told, in one
    /// sentence, what goes wrong later and is no answer's error.
    package init(
        _ model: Model, options: ServerOptions, report: @escaping @Sendable (String) -> Void
    ) throws(ModelError) {
        self.model = model
        self.options = options
        identity = ModelIdentity(
            name: options.name, fingerprint: "rg-" + model.identityWord, created: Int64(time(nil)), tokenizer: model.tokenizer)
        let files = try options.sessionFolder.map { folder throws(ModelError) in
            try SessionFiles(folder: folder, limit: options.sessionFolderLimit, model: model, report: report)
        }
        engine = try Engine(
            model, parallel: options.parallel, queueLimit: options.queueLimit, snapshotBytes: options.snapshotBytes, files: files)
        access = Access(keys: options.keys, hosts: options.hosts, origins: options.origins)
        var router = Router()
        Endpoints.add(to: &router)
        self.router = router
    }

    /// Begins to answer on some addresses; returns what they are, as text. Throws if one can't be had.
    package func start(on addresses: [HTTPAddress]) throws -> [String] {
        try clerk.start()
        try engine.start()
        let server = HTTPServer(service: self, limits: options.http)
        // Before it listens, so that ``drain(patience:)`` also ends what has begun if one address can't be had.
        http.withLock { $0 = server }
        let texts = try addresses.map { try server.listen(on: $0) }
        lastTick.withLock { $0 = Stopwatch() }
        server.every(1) { [weak self] in self?.tick() }
        return texts
    }

    /// Seconds since the thread that all answers go through last had time for something that is done each second.
    package var silence: Double { lastTick.withLock { $0.seconds } }

    /// Why it can't go on, in a sentence without a full stop: the system has taken one of its addresses away.
    package var failure: String? { http.withLock { $0?.failure } }

    /// Each second: streams that are silent say that they live, and what nobody needs goes.
    private func tick() {
        lastTick.withLock { $0 = Stopwatch() }
        let waiting = engine.queue.count
        let open: [AnswerDelivery] = streams.withLock { streams in
            streams = streams.filter { $0.value.delivery != nil }
            return streams.values.compactMap(\.delivery)
        }
        for delivery in open { delivery.ping(waiting: waiting) }
        // By who uses it: to let it go takes a moment.
        _ = clerk.add(bytes: 0) { [engine] in engine.encoder.releaseIfIdle() }
    }

    /// Connections that are open.
    var connectionCount: Int { http.withLock { $0?.connectionCount ?? 0 } }

    // MARK: - The end

    /// Ends within two seconds: no new request is taken, and health says so; answers may still end for a while; then they stop before
    /// their next pass, and what they have read and made is saved.
    package func drain(patience: Double = 1.2) {
        engine.drain()
        Self.wait(patience) { engine.isIdle }
        engine.requestStop()
        clerk.close()
        // Clients that are slow to take their last words are cut off: the threads of their answers wait for them.
        Self.wait(0.4) { engine.isIdle }
        // They hold each other: without this, neither would ever be freed.
        let server = http.withLock { http in
            defer { http = nil }
            return http
        }
        if let server {
            server.stopListening()
            Self.wait(0.2) { server.activeCount == 0 }
            server.shutDown()
        }
        engine.stop()
    }

    private static func wait(_ seconds: Double, until isDone: () -> Bool) {
        let watch = Stopwatch()
        while watch.seconds < seconds, !isDone() { usleep(5_000) }
    }

    // MARK: - HTTPService

    package func refusal(of head: HTTPHead) -> HTTPAnswer? {
        do throws(APIError) {
            _ = try access.owner(head)
            let endpoint = try router.endpoint(head)
            if endpoint.method == "POST", head.method == "POST", !endpoint.isLight { try checkRoom(head) }
            return nil
        } catch {
            engine.figures.noteStatus(error.status)
            return .error(error, body: head.path.hasPrefix("/api/") ? error.ollamaJSON : error.json, fields(for: head))
        }
    }

    /// Throws if an answer could not even wait: before the body is read.
    private func checkRoom(_ head: HTTPHead) throws(APIError) {
        if engine.isDraining { throw .draining }
        guard Endpoints.generating.contains(head.path), !engine.queue.hasRoom else { return }
        engine.queue.removeAbandoned()
        if !engine.queue.hasRoom { throw .queueIsFull(retryAfter: engine.retryAfter) }
    }

    package func answer(to problem: HTTPProblem) -> HTTPAnswer {
        engine.figures.noteStatus(problem.status)
        let error =
            switch problem {
            case .tooManyConnections:
                APIError(
                    status: problem.status, problem.message, type: "unavailable_error", code: "too_many_connections", retryAfter: 5)
            default: APIError(status: problem.status, problem.message)
            }
        return .error(error, body: error.json)
    }

    package func respond(to request: HTTPRequest, through exchange: HTTPExchange) {
        var call = Call(
            request: request, exchange: exchange, owner: .everybody, head: fields(for: request.head), figures: engine.figures)
        do throws(APIError) {
            let owner = try access.owner(request.head)
            let endpoint = try router.endpoint(request.head)
            call = Call(request: request, exchange: exchange, owner: owner, head: call.head, figures: engine.figures)
            if request.head.method == "OPTIONS" { return answerPreflight(call, endpoint) }
            let ready = call
            if endpoint.isLight { return try endpoint.handler(self, ready) }
            let isTaken = clerk.add(bytes: request.body.count + 1024, of: owner) { [self] in
                if exchange.isGone { return }
                do throws(APIError) { try endpoint.handler(self, ready) } catch { ready.fail(error) }
            }
            guard isTaken else {
                throw APIError(
                    // Not 503, for which a proxy would ask the other boards.
                    status: 429, "too many requests arrive at once; try again in a moment", type: "rate_limit_error",
                    code: "overloaded", retryAfter: 2)
            }
        } catch {
            call.fail(error)
        }
    }

    private func answerPreflight(_ call: Call, _ endpoint: Router.Endpoint) {
        var fields = call.head
        fields.append("Access-Control-Allow-Methods", "\(endpoint.method), OPTIONS")
        fields.append("Access-Control-Allow-Headers", call.request.head.fields["Access-Control-Request-Headers"] ?? "*")
        fields.append("Access-Control-Max-Age", "600")
        engine.figures.noteStatus(204)
        call.exchange.answer(HTTPAnswer(status: 204, fields: fields))
    }

    /// The fields that all answers to a request have.
    private func fields(for head: HTTPHead) -> HTTPFields {
        var fields = access.fields(for: head)
        fields.append("X-Request-Id", "req_" + AnswerIdentity.random())
        fields.append("X-Content-Type-Options", "nosniff")
        if let board = options.board { fields.append("X-Board", board) }
        return fields
    }

    // MARK: - Answers

    /// Has the answers to a request made. Throws if they can't even wait.
    func deliver(_ request: AnswerRequest, _ call: Call, shape: any AnswerShape, isStreamed: Bool, mayCall: Bool) throws(APIError) {
        var request = request
        // Who asks again gets what was made, whatever seed that had; but not who wants another answer.
        if !request.hasSeed, request.isRetry || request.options.sampling.temperature == 0,
            let seed = engine.unfinished.seed(ofRequest: request.fingerprint, owner: request.owner)
        {
            request.options.sampling.seed = seed
        }
        let delivery = AnswerDelivery(
            to: call.exchange, shape: shape, answers: request.prompts.count * request.count, isStreamed: isStreamed,
            mayCall: mayCall, head: call.head, report: { [figures = engine.figures] in figures.noteStatus($0) })
        try engine.submit(Job(request, sink: delivery)) {
            if isStreamed { streams.withLock { $0[ObjectIdentifier(delivery)] = WeakDelivery(delivery: delivery) } }
        }
    }

    private struct WeakDelivery {
        weak var delivery: AnswerDelivery?
    }
}
