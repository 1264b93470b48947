import RGEdge
import System
import Text

/// Makes one answer: finds what is known of its prompt, reads the rest, generates, and keeps what the next request may want.
struct Answering {
    let job: Job
    let task: JobQueue.Task
    let worker: Worker
    let engine: Engine

    init(_ task: JobQueue.Task, worker: Worker, engine: Engine) {
        job = task.job
        self.task = task
        self.worker = worker
        self.engine = engine
    }

    var session: Session { worker.session }
    var prompt: AnswerRequest.Prompt { job.request.prompts[task.prompt] }
    var owner: Owner { job.request.owner }
    var options: GenerationOptions { job.request.options(choice: task.choice) }
    /// The number of the answer among all of the request.
    var choice: Int { task.prompt * job.request.count + task.choice }
    var key: UnfinishedAnswers.Key {
        UnfinishedAnswers.Key(request: job.request.fingerprint, owner: owner, prompt: task.prompt, choice: task.choice)
    }

    /// Makes the answer. What goes wrong is told to the client; the session is then as new.
    func run() {
        do throws(ModelError) {
            if let begun = engine.unfinished.take(key, seed: options.sampling.seed) {
                try goOn(with: begun)
            } else {
                try begin()
            }
        } catch {
            session.reset()
            engine.figures.noteFailure()
            job.fail(APIError(error))
        }
    }

    /// True if the answer is to stop before its next pass.
    func isCancelled() -> Bool { job.isOver || engine.mustStop }

    private func begin() throws(ModelError) {
        guard let (end, reused) = try readPrompt() else { return cancelled() }
        if task.choice == 0 { engine.queue.addFollowUps(job, prompt: task.prompt) }
        try answer(after: Beginning(promptEnd: end, reused: reused))
    }

    private func goOn(with begun: UnfinishedAnswers.Answer) throws(ModelError) {
        try session.restore(begun.snapshot)
        let watch = Stopwatch()
        if task.choice == 0 {
            job.notePrompt(tokens: prompt.tokens.count, reused: prompt.tokens.count, seconds: watch.seconds)
        }
        engine.figures.notePrompt(tokens: prompt.tokens.count, reused: prompt.tokens.count, seconds: 0)
        if task.choice == 0, job.request.count > 1 {
            // The others begin at the prompt's end, which may be known; else the first of them reads it.
            engine.queue.addFollowUps(job, prompt: task.prompt)
        }
        let end = engine.snapshots.longest(beginning: prompt.tokens, of: owner, longerThan: prompt.tokens.count - 1)
        try answer(
            after: Beginning(promptEnd: end?.snapshot, reused: prompt.tokens.count, pieces: begun.pieces, tokens: begun.tokens))
    }

    /// What there is when an answer begins.
    struct Beginning {
        var promptEnd: Snapshot?
        /// Tokens of the prompt that had not to be computed.
        var reused: Int
        /// What of the answer was made before, for a client that has gone.
        var pieces: [AnswerPiece] = []
        var tokens = 0
    }

    private func answer(after beginning: Beginning) throws(ModelError) {
        let watch = Stopwatch()
        var made = beginning.pieces
        job.sink.begin(choice: choice)
        for piece in made { job.sink.append(piece, choice: choice) }
        var options = options, isFirst = true, last = Stopwatch()
        options.constraint = try engine.constraint(of: job.request.format)
        if let most = options.maxTokens { options.maxTokens = max(0, most - beginning.tokens) }
        let result = try session.answer(options: options, isCancelled: isCancelled) { piece in
            if isFirst {
                if job.noteBegin() { engine.figures.noteFirstToken(seconds: job.age.seconds) }
            } else {
                engine.figures.noteGap(seconds: last.seconds)
            }
            isFirst = false
            last = Stopwatch()
            made.append(piece)
            worker.note { $0.generatedTokens += 1 }
            job.sink.append(piece, choice: choice)
            return !isCancelled()
        }
        let tokens = beginning.tokens + result.generatedTokens
        engine.figures.noteAnswer(tokens: result.generatedTokens, seconds: watch.seconds)
        if result.finish == .cancelled {
            keepUnfinished(made)
            if engine.isDraining { saveEnd(beginning) }
            return cancelled()
        }
        job.finish(choice: choice, result.finish, tokens: tokens, seconds: watch.seconds)
        engine.figures.noteRequestEnd(seconds: job.age.seconds)
        remember(made.reduce(into: "") { $0 += $1.text }, after: beginning)
    }

    /// Ends what somebody has stopped.
    private func cancelled() {
        if engine.mustStop { job.fail(.draining) }
        engine.figures.noteCancelled()
    }

    /// Keeps an answer whose client has gone, for when it asks again: if what the session has consumed is just what was shown. With
    /// stop texts it may have consumed a token of which a part was held back.
    private func keepUnfinished(_ pieces: [AnswerPiece]) {
        let tokens = Int(session.position) - prompt.tokens.count
        guard !engine.isDraining, tokens > 0, let consumed = session.lastTokens(tokens),
            pieces.reduce(into: [UInt8](), { $0 += $1.text.utf8 }) == engine.model.tokenizer.decode(consumed),
            let snapshot = try? session.snapshot()
        else { return }
        engine.unfinished.keep(
            UnfinishedAnswers.Answer(seed: options.sampling.seed, pieces: pieces, tokens: tokens, snapshot: snapshot), as: key)
    }
}
