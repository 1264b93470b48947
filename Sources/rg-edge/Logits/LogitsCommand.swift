import ArgumentParser
import CommandSupport
import Files
import ModelArguments
import RGEdge
import System

/// `rg-edge logits`: what the model makes of a list of tokens, as numbers.
struct LogitsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logits",
        abstract: "Writes the logits after each token of a list.",
        discussion: """
            The tokens are fed in chunks, as a prompt is, from an empty state and without a <bos> before \
            them.

            Examples:
              rg-edge logits --tokens 2,5,9 --output logits.npy
            """)

    @OptionGroup var file: ModelFileArgument

    @Option(
        help: ArgumentHelp("Token ids, like 2,5,9; @FILE reads them from a file, - from standard input.", valueName: "ids"))
    var tokens: String

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("File to write: NumPy's .npy, f32 [tokens, vocabulary].", valueName: "file"),
        completion: .file(extensions: ["npy"]))
    var output: String

    @Flag(help: "Only those after the last token: [1, vocabulary].")
    var last = false

    @OptionGroup var compute: ComputeArguments

    func validate() throws { try OutputName.check(output, for: "--output") }

    func run() throws {
        let path = try file.path()
        let tokens = try TokenList.tokens(tokens)
        let model = try compute.open(path)
        let vocabulary = model.configuration.vocabularySize
        try TokenList.check(tokens, vocabularySize: vocabulary, path: path)

        Interruption.watch()
        let session = try model.makeSession()
        var matrix = try NumpyFile(target: output, rows: last ? 1 : tokens.count, columns: vocabulary)
        do {
            try feed(tokens, to: session, rows: &matrix)
        } catch let error as ModelError {
            guard error.kind == .cancelled, let signal = Interruption.signal else { throw error }
            throw Interrupted(signal: signal, message: "interrupted; \(output) was not written")
        }
        if last, let logits = session.logits { try matrix.append(logits) }
        try matrix.finish()
    }

    private func feed(_ tokens: [UInt32], to session: Session, rows matrix: inout NumpyFile) throws {
        guard !last else { return try session.feed(tokens, isCancelled: { Interruption.signal != nil }) }
        var failure: FileProblem?
        do throws(ModelError) {
            // Nothing more is computed for a file that can't be written.
            try session.feed(tokens) { _, logits in
                guard failure == nil else { return }
                do throws(FileProblem) { try matrix.append(logits) } catch { failure = error }
            } isCancelled: {
                failure != nil || Interruption.signal != nil
            }
        } catch {
            if let failure { throw failure }
            throw error
        }
        if let failure { throw failure }
    }
}
