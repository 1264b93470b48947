import Griffin
import Kernels
import ModelTestSupport
import TestSupport
import Testing

/// The details that implementations get wrong, one by one: the runtime agrees with Hugging Face's outputs where an implementation
/// that makes the mistake does not.
@Suite("Semantic details")
struct SemanticDetailTests {
    private static let checkpoint = "alpha"
    /// Past two windows of ``checkpoint``.
    private static let length = 40
    private static let naive = Result { try NaiveGriffin(folder: Fixtures.oracle(checkpoint)) }

    private let tokens: [Int]
    private let expected: NumpyArray

    init() throws {
        tokens = try Fixtures.oracleArray(Self.checkpoint, "tokens_\(Self.length)").integers
        expected = try Fixtures.oracleArray(Self.checkpoint, "logits_\(Self.length)")
    }

    @Test("Without a mistake, the plain implementation agrees with the reference")
    func plainImplementation() throws {
        let logits = try Self.naive.get().logits(tokens).flatMap { $0.map(Float.init) }
        #expect(relativeError(logits, expected.floats) < 1e-5)
    }

    @Test("The reference outputs, which the runtime gives, tell each mistake", arguments: NaiveGriffin.Mistake.allCases)
    func mistake(_ mistake: NaiveGriffin.Mistake) throws {
        let wrong = try Self.naive.get().making(mistake).logits(tokens).flatMap { $0.map(Float.init) }
        let tolerance: Float = 1e-4
        #expect(relativeError(wrong, expected.floats) > 2 * tolerance)

        let model = try RunnableModel(file: try ConvertedModels.path(Self.checkpoint, .f32))
        let right = try model.logits(tokens)
        #expect(relativeError(right, expected.floats) < tolerance)
        #expect(relativeError(right, wrong) > tolerance)
    }

    @Test("The residual stream after every block is the reference's", arguments: Fixtures.oracleNames)
    func residualStream(name: String) throws {
        let model = try RunnableModel(file: try ConvertedModels.path(name, .f32))
        let expected = try Fixtures.oracleArray(name, "hidden_40")
        let streams = try model.residuals(Fixtures.oracleArray(name, "tokens_40").integers)
        let blockSize = expected.shape[1] * expected.shape[2]
        #expect(streams.count == expected.shape[0])
        for (index, stream) in streams.enumerated() {
            let block = Array(expected.floats[index * blockSize..<(index + 1) * blockSize])
            // transformers' last entry has the final norm applied.
            #expect(relativeError(stream, block) < 1e-5, "after block \(index)")
        }
    }

    @Test("26 layers end in two recurrent ones, and the 2B model's embedding scale is 50.5")
    func shapeOf2B() {
        let configuration = Configuration.twoB
        #expect(configuration.kind(ofLayer: 2) == .attention)
        #expect(configuration.kind(ofLayer: 23) == .attention)
        #expect(configuration.kind(ofLayer: 24) == .recurrent)
        #expect(configuration.kind(ofLayer: 25) == .recurrent)
        #expect(configuration.layerCount(of: .recurrent) == 18)
        #expect(configuration.embeddingScale == 50.5)
    }
}
