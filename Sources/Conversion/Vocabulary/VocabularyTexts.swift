import Files
import System
import Text

/// Texts whose pieces a vocabulary keeps, read one after the other, part by part.
public struct VocabularyTexts {
    /// Where the texts are.
    let paths: [String]
    private let open: (String) throws(FileProblem) -> TextFile
    private let progress: (_ bytes: Int) -> Void

    /// Any number of texts, each of which `open` opens when its turn comes. `progress` is called with the bytes that were read of
    /// all of them.
    public init(
        _ paths: [String], progress: @escaping (_ bytes: Int) -> Void = { _ in },
        open: @escaping (String) throws(FileProblem) -> TextFile = { path throws(FileProblem) in try TextFile(path: path) }
    ) {
        self.paths = paths
        self.open = open
        self.progress = progress
    }

    /// Which pieces the texts use; control marks are text. Throws for a text that can't be read, if none of them has words, and an
    /// error of kind `cancelled` if reading was stopped.
    func use(of tokenizer: Tokenizer) throws(FileProblem) -> PieceUse {
        let encoder = try tokenizer.encoder()
        var use = PieceUse(of: tokenizer)
        var done = 0
        for path in paths {
            let file = try open(path)
            var stream = TokenStream(encoder)
            while !stream.isFinished {
                let bytes = try file.next()
                if let bytes { try stream.append(bytes) } else { try stream.finish() }
                use.add(stream.take(.max))
                done += bytes?.count ?? 0
                progress(done)
            }
        }
        guard use.tokenCount > 0 else {
            throw FileProblem(
                .option, path: FileProblem.list(paths), problem: paths.count == 1 ? "has no words" : "have no words",
                advice: "give text of the kind that the model is for")
        }
        return use
    }
}
