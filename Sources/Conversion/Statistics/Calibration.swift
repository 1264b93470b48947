import Files
import Glibc
import Griffin
import Kernels
import ModelFile
import System
import Text

/// Runs a text through a model and keeps the mean squares of every matrix's inputs, and their second moments.
///
/// The text's tokens are cut into parts of ``tokensPerStart`` tokens, each fed to an empty state after `<bos>`.
public struct Calibration {
    /// Tokens that follow each `<bos>`.
    public static let tokensPerStart = 512
    /// Tokens computed at once: logits are computed for each, since the head's inputs count too. 33 MB in the 2B model.
    private static let chunkCapacity = 32

    private let path: String
    private let textPath: String?
    let configuration: Configuration
    let weights: Weights
    private let text: CalibrationText
    private let threads: Int
    private let isBlockQuantized: Bool
    /// With fewer tokens, what convert makes of the statistics may be worse than without any (`formats/quantization.md`).
    private static let fewestTokens = 1000

    /// Opens a model file, reads it whole to verify its weights, and reads the beginning of a text, which comes from `textPath` if
    /// that is not nil. Throws if the file is damaged or can't be run, if the text has no tokens or can't be read, and an error of
    /// kind `cancelled` if reading it was stopped.
    public init(model path: String, text: TextFile, textPath: String?, threads: Int? = nil) throws(FileProblem) {
        try self.init(model: path, textPath: textPath, textBytes: text.byteCount, threads: threads) { () throws(FileProblem) in
            do throws(FileProblem) {
                return try text.next()
            } catch {
                guard error.code != EINTR else { throw Self.cancelled(path) }
                throw error
            }
        }
    }

    private init(
        model path: String, textPath: String?, textBytes: Int?, threads: Int?,
        next: @escaping () throws(FileProblem) -> [UInt8]?
    ) throws(FileProblem) {
        self.threads = threads ?? ProcessorCount.usableCores
        self.path = path
        self.textPath = textPath
        let model = try VerifiedModel(path: path)
        configuration = model.configuration
        weights = model.weights
        isBlockQuantized = model.file.tensors.contains { $0.type.isBlockQuantized }
        self.text = try CalibrationText(model: model, byteCount: textBytes, next: next)
        try self.text.fill(to: Self.fewestTokens)
        guard self.text.count > 0 else {
            throw FileProblem(.option, path: textPath ?? "the text", problem: "has no words", advice: "give some")
        }
    }

    /// The same for a text in memory.
    public init(model path: String, text: String, textPath: String? = nil, threads: Int? = nil) throws(FileProblem) {
        var rest = [Array(text.utf8)]
        try self.init(model: path, textPath: textPath, textBytes: text.utf8.count, threads: threads) { () throws(FileProblem) in
            rest.popLast()
        }
    }

    /// Tokens of the text; until it is read to its end, an estimate if its size in bytes is known, otherwise nil.
    public var tokenCount: Int? { text.total }

    private static func cancelled(_ path: String) -> FileProblem {
        FileProblem(.cancelled, path: path, problem: "the calibration was interrupted", advice: "nothing was written")
    }

    /// What makes the statistics worse than they could be, one sentence each.
    public var warnings: [String] {
        var warnings: [String] = []
        if let tokenCount, text.isFinished, tokenCount < Self.fewestTokens {
            let count = tokenCount == 1 ? "1 token" : "\(tokenCount) tokens"
            warnings.append(
                "\(textPath ?? "the text"): has \(count); statistics of fewer than \(Self.fewestTokens) may do more harm than good")
        }
        if isBlockQuantized { warnings.append("\(path): has int8 or int4 weights; take an f16 or f32 file of the same model") }
        return warnings
    }

    /// The paths of the files that are read.
    var paths: [String] { [path] + [textPath].compactMap { $0 } }

    /// Feeds the text, once. `progress` and `isCancelled` are called on this thread after every few tokens. `progress` gets the
    /// number of tokens that are done; if `isCancelled` returns true, an error of kind `cancelled` is thrown.
    public func run(
        progress: (_ done: Int) -> Void = { _ in }, isCancelled: () -> Bool = { false }
    ) throws(FileProblem) -> InputStatistics {
        let forwardPass = ForwardPass(
            weights: weights, kernels: Kernels.best, team: ThreadTeam(count: threads), chunkCapacity: Self.chunkCapacity,
            runCapacity: 1)
        guard let forwardPass, let state = State(configuration, element: weights.cacheElement) else {
            throw FileProblem(.memory, path: path, problem: "no memory to run the model", advice: "close other programs")
        }
        guard let squares = InputSquares(file: weights.file),
            let moments = InputMoments(file: weights.file, plan: configuration.tensorPlan),
            let logits = SystemMemory.zeroed(Float.self, count: Self.chunkCapacity * configuration.vocabularySize)
        else {
            throw FileProblem(.memory, path: path, problem: "no memory for statistics", advice: "close other programs")
        }
        defer { free(logits) }
        let statistics = InputStatistics(squares: squares, moments: moments)
        forwardPass.observer = statistics
        try text.begin()
        var start = 0
        while true {
            try text.fill(to: Self.tokensPerStart)
            let tokens = try text.take(Self.tokensPerStart)
            if tokens.isEmpty { break }
            let sequence = [configuration.bos] + tokens
            state.reset()
            for first in stride(from: 0, to: sequence.count, by: Self.chunkCapacity) {
                let chunk = sequence[first..<min(first + Self.chunkCapacity, sequence.count)]
                do throws(ForwardPassError) {
                    try chunk.withUnsafeBufferPointer { chunk throws(ForwardPassError) in
                        try forwardPass.feed(chunk, to: state, output: .all(logits))
                    }
                } catch {
                    throw error.problem(path, advice: "the model needs numbers that f32 can't hold")
                }
                // The <bos> doesn't belong to the text.
                progress(start + min(first + chunk.count, tokens.count))
                if isCancelled() { throw Self.cancelled(path) }
            }
            start += tokens.count
        }
        return statistics
    }
}
