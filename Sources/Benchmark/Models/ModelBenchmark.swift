import Griffin
import KernelTypes
import RGEdge
import System

/// Measures a model on a number of threads.
public final class ModelBenchmark {
    /// The model that is measured.
    public let model: Model
    /// Seconds to open the file.
    public let loadSeconds: Double
    /// Tokens of the prompt of ``firstTokenSeconds``.
    public let firstPromptTokens: Int
    /// Seconds from opening the file to the logits after its first prompt: how long somebody waits who starts the program.
    public let firstTokenSeconds: Double
    let session: Session
    let work: WorkCount
    private var tokens = SplitMix(seed: 3)

    /// Opens the model and feeds it a first prompt, which also brings its pages into memory.
    public init(path: String, options: Model.Options, firstPromptTokens: Int) throws(ModelError) {
        let watch = Stopwatch()
        model = try Model(path: path, options: options)
        session = try model.makeSession()
        loadSeconds = watch.seconds
        try session.feed(tokens.tokens(firstPromptTokens, below: model.configuration.vocabularySize))
        firstTokenSeconds = watch.seconds
        self.firstPromptTokens = firstPromptTokens
        work = WorkCount(model.configuration)
    }

    /// Runs a test `repetitions` times. `progress` is told what goes on.
    public func measure(
        _ test: SpeedTest, repetitions: Int, on machine: Machine, progress: (String) -> Void
    ) throws(ModelError) -> SpeedResult {
        let unit: Speed.Unit = test.kind == .prompt ? .operations : .bytes
        let type = model.file.mainType
        progress("warming up")
        try bring(to: test.depth, progress)
        try feed(SpeedTest(test.kind, tokens: min(test.tokens, test.kind == .prompt ? model.chunkCapacity : 1), depth: test.depth))

        progress("limit before")
        func repetition(_ number: Int) throws(ModelError) -> Double {
            try bring(to: test.depth, progress)
            progress("\(number) of \(repetitions)")
            return try feed(test)
        }
        let ((seconds, resident), limit) = try machine.bounded(by: { machine.limit(unit, type) }) { () throws(ModelError) in
            var seconds = Samples(try repetition(1))
            while seconds.values.count < repetitions { seconds.append(try repetition(seconds.values.count + 1)) }
            progress("limit after")
            return (seconds, ProcessMemory.resident)
        }
        return SpeedResult(
            test: test, threads: model.threads, seconds: seconds, unitsPerRun: unitsPerRun(test), unit: unit, limit: limit,
            residentBytes: resident.bytes - machine.buffer.byteCount,
            privateBytes: resident.privateBytes - machine.buffer.byteCount)
    }

    /// Bytes read from the weights, or operations of the matrices.
    private func unitsPerRun(_ test: SpeedTest) -> Int {
        switch test.kind {
        case .prompt: work.operations(prompt: test.tokens)
        case .generation: model.weights.bytesPerToken * test.tokens
        }
    }

    /// Feeds tokens until the session has consumed `depth` of them. Where it has consumed more, it starts again; but past the
    /// window, where a token costs the same at every position, it stays.
    func bring(to depth: Int, _ progress: (String) -> Void) throws(ModelError) {
        if session.position > depth, depth < model.configuration.window { session.reset() }
        let slice = 16 * model.chunkCapacity
        while session.position < depth {
            progress("feeding \(session.position) of \(depth)")
            try session.feed(random(min(slice, depth - Int(session.position))))
        }
    }

    /// Seconds to feed a test's tokens.
    @discardableResult
    func feed(_ test: SpeedTest) throws(ModelError) -> Double {
        let tokens = random(test.tokens)
        switch test.kind {
        case .prompt:
            return try Stopwatch.seconds { () throws(ModelError) in try session.feed(tokens) }
        case .generation:
            let singles = tokens.map { [$0] }
            return try Stopwatch.seconds { () throws(ModelError) in
                for token in singles { try session.feed(token) }
            }
        }
    }

    func random(_ count: Int) -> [UInt32] { tokens.tokens(count, below: model.configuration.vocabularySize) }
}
