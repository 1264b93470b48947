import Griffin
import Kernels
import ModelFile
import Text

/// Runs a text through a model and keeps the mean squares of every matrix's inputs, and their second moments.
///
/// The text's tokens are cut into chunks, each fed to an empty state after `<bos>`.
public struct Calibration {
    /// Tokens that follow a `<bos>`.
    public static let chunk = 512
    /// Tokens computed at once: logits are computed for each, since the head's inputs count too. 33 MB in the 2B model.
    private static let slice = 32

    /// Tokens of the text.
    public var tokenCount: Int { tokens.count }

    private let path: String
    private let textPath: String?
    let configuration: Configuration
    let weights: Weights
    private let tokens: [UInt32]
    private let threads: Int
    private let isBlockQuantized: Bool
    /// With fewer tokens, what convert makes of the statistics may be worse than without any (`formats/quantization.md`).
    private static let fewestTokens = 1000

    /// Opens a model file, reads it whole to verify its weights, and tokenizes a text, which was read from `textPath` if that is
    /// not nil. Throws if the file is damaged or can't be run, and for a text without a token.
    public init(model path: String, text: String, textPath: String? = nil, threads: Int? = nil) throws(ConversionError) {
        self.threads = threads ?? ProcessorCount.usableCores
        self.path = path
        self.textPath = textPath
        let model = try VerifiedModel(path: path)
        configuration = model.configuration
        weights = model.weights
        isBlockQuantized = model.file.tensors.contains { $0.type.isBlockQuantized }
        do throws(TokenizerError) {
            tokens = try Tokenizer(model: model.file.metadata.tokenizer).encoder().encode(text)
        } catch {
            throw ConversionError(.source, path: path, problem: error.problem, advice: error.advice)
        }
        guard !tokens.isEmpty else {
            throw ConversionError(.option, path: textPath ?? "the text", problem: "has no words", advice: "give some")
        }
        guard tokens.allSatisfy({ Int($0) < configuration.vocabularySize }) else {
            throw ConversionError(
                .source, path: path, problem: "has a tokenizer with more pieces than its vocabulary", advice: VerifiedModel.again)
        }
    }

    /// What makes the statistics worse than they could be, in a sentence each.
    public var warnings: [String] {
        var warnings: [String] = []
        if tokenCount < Self.fewestTokens {
            let count = tokenCount == 1 ? "1 token" : "\(tokenCount) tokens"
            warnings.append(
                "\(textPath ?? "the text"): has \(count); statistics of fewer than \(Self.fewestTokens) may do more harm than good")
        }
        if isBlockQuantized { warnings.append("\(path): has int8 or int4 weights; take an f16 or f32 file of the same model") }
        return warnings
    }

    /// The paths of the files that are read.
    var paths: [String] { [path] + [textPath].compactMap { $0 } }

    /// Feeds the text. `progress` and `isCancelled` are called on this thread after every few tokens; the one with the tokens that
    /// are done, the other to be asked whether to stop, which throws an error of kind `cancelled`.
    public func run(
        progress: (_ done: Int) -> Void = { _ in }, isCancelled: () -> Bool = { false }
    ) throws(ConversionError) -> InputStatistics {
        let forwardPass = ForwardPass(
            weights: weights, kernels: Kernels.best, team: ThreadTeam(count: threads), chunk: Self.slice)
        guard let forwardPass, let state = State(configuration, element: weights.cacheElement) else {
            throw ConversionError(.source, path: path, problem: "no memory to run the model", advice: "close other programs")
        }
        let squares = InputSquares(file: weights.file)
        guard let moments = InputMoments(file: weights.file, plan: configuration.tensorPlan) else {
            throw ConversionError(.source, path: path, problem: "no memory for statistics", advice: "close other programs")
        }
        let statistics = InputStatistics(squares: squares, moments: moments)
        forwardPass.observer = statistics
        let logits = UnsafeMutablePointer<Float>.allocate(capacity: Self.slice * configuration.vocabularySize)
        defer { logits.deallocate() }
        var done = 0
        for start in stride(from: 0, to: tokens.count, by: Self.chunk) {
            let chunk = [configuration.bos] + tokens[start..<min(start + Self.chunk, tokens.count)]
            state.reset()
            for first in stride(from: 0, to: chunk.count, by: Self.slice) {
                let slice = chunk[first..<min(first + Self.slice, chunk.count)]
                do throws(NonFiniteNumbers) {
                    try slice.withUnsafeBufferPointer { slice throws(NonFiniteNumbers) in
                        try forwardPass.feed(slice, to: state, output: .all(logits))
                    }
                } catch {
                    throw ConversionError(
                        .source, path: path, problem: error.description, advice: "the model needs numbers that f32 can't hold")
                }
                done = min(start + first + slice.count, tokens.count)
                progress(done)
                if isCancelled() {
                    throw ConversionError(
                        .cancelled, path: path, problem: "the calibration was interrupted", advice: "nothing was written")
                }
            }
        }
        return statistics
    }
}
