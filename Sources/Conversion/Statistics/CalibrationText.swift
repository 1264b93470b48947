import System
import Text

/// The tokens of a text, read as they are needed.
final class CalibrationText {
    private let path: String
    private let vocabularySize: Int
    private let byteCount: Int?
    private let next: () throws(FileProblem) -> [UInt8]?
    private var tokens: TokenStream
    private var hasBegun = false

    /// A text of `byteCount` bytes, if that is known, which `next` returns part by part, and nil at its end.
    init(model: VerifiedModel, byteCount: Int?, next: @escaping () throws(FileProblem) -> [UInt8]?) throws(FileProblem) {
        path = model.file.path
        vocabularySize = model.configuration.vocabularySize
        self.byteCount = byteCount
        self.next = next
        tokens = TokenStream(try Tokenizer(model: model.file.metadata.tokenizer, path: path).encoder())
    }

    /// Tokens that can be taken.
    var count: Int { tokens.count }
    /// True if all of the text was read.
    var isFinished: Bool { tokens.isFinished }
    /// Tokens of the whole text, exact or estimated; nil if that can't be told.
    var total: Int? { tokens.total(ofBytes: byteCount) }

    /// To be called before the first token is taken. Throws the second time: a text from a pipe can't be read again.
    func begin() throws(FileProblem) {
        guard !hasBegun else {
            throw FileProblem(.option, path: path, problem: "was given its text before", advice: "begin another calibration")
        }
        hasBegun = true
    }

    /// Reads until `count` tokens are there, or the text ends.
    func fill(to count: Int) throws(FileProblem) {
        while tokens.count < count, !tokens.isFinished {
            if let bytes = try next() { try tokens.append(bytes) } else { try tokens.finish() }
        }
    }

    /// Takes the next tokens, at most `limit`. Throws if the model can't be fed with them.
    func take(_ limit: Int) throws(FileProblem) -> [UInt32] {
        let next = tokens.take(limit)
        guard next.allSatisfy({ Int($0) < vocabularySize }) else {
            throw FileProblem(
                .content, path: path, problem: "has a tokenizer with more pieces than its vocabulary",
                advice: "convert the model again with this version's rg-quant")
        }
        return next
    }
}
