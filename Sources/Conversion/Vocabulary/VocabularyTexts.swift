import Files
import Glibc
import Text

/// Texts whose pieces a vocabulary keeps, read one after the other, part by part.
public struct VocabularyTexts {
    /// Where the texts are.
    let paths: [String]
    private let open: (String) throws(FileError) -> TextFile
    private let progress: (_ bytes: Int) -> Void

    /// Any number of texts, each of which `open` opens when its turn comes. `progress` is called with the bytes that were read of
    /// all of them.
    public init(
        _ paths: [String], progress: @escaping (_ bytes: Int) -> Void = { _ in },
        open: @escaping (String) throws(FileError) -> TextFile = { path throws(FileError) in try TextFile(path: path) }
    ) {
        self.paths = paths
        self.open = open
        self.progress = progress
    }

    /// Which pieces the texts use; control marks are text. Throws for a text that can't be read, if none of them has words, and an
    /// error of kind `cancelled` if reading was stopped. `tokenizerPath` is the file that the tokenizer comes from.
    func use(of tokenizer: Tokenizer, _ tokenizerPath: String) throws(ConversionError) -> PieceUse {
        let encoder = try translatingTokenizerErrors(tokenizerPath) { () throws(TokenizerError) in try tokenizer.encoder() }
        var use = PieceUse(of: tokenizer)
        var done = 0
        for path in paths {
            let file = try Self.translating { () throws(FileError) in try open(path) }
            var stream = TokenStream(encoder)
            while !stream.isFinished {
                let bytes = try Self.translating { () throws(FileError) in try file.next() }
                try translatingTokenizerErrors(tokenizerPath) { () throws(TokenizerError) in
                    if let bytes { try stream.append(bytes) } else { try stream.finish() }
                }
                use.add(stream.take(.max))
                done += bytes?.count ?? 0
                progress(done)
            }
        }
        guard use.tokenCount > 0 else {
            throw ConversionError(
                .option, path: ConversionError.list(paths), problem: paths.count == 1 ? "has no words" : "have no words",
                advice: "give text of the kind that the model is for")
        }
        return use
    }

    private static func translating<Result>(_ body: () throws(FileError) -> Result) throws(ConversionError) -> Result {
        do throws(FileError) {
            return try body()
        } catch {
            throw ConversionError(
                error.code == EINTR ? .cancelled : .source, path: error.path, problem: error.problem, advice: error.advice)
        }
    }
}
