import ArgumentParser
import CommandSupport
import Files
import JSON
import ModelArguments
import RGEdge
import System
import Text

/// `rg-edge perplexity`: how well a model foresees a text, alone or beside another file of the same model.
struct PerplexityCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "perplexity",
        abstract: "Measures how well a model foresees a text.",
        discussion: """
            The text's tokens are cut into chunks, each fed to an empty state after <bos>; the perplexity is exp of the mean \
            negative log-likelihood of all of them. With --kl it also shows how far the model's predictions are from those of \
            another file, such as the same model in f32.

            Examples:
              rg-edge perplexity letter.txt
              rg-edge perplexity -m 2b-it.rgq --kl 2b-it-q8.rgq letter.txt
            """)

    @OptionGroup var file: ModelFileArgument

    @Argument(help: "File of UTF-8 text; - reads standard input.", completion: .file())
    var textFile: String

    @Option(help: ArgumentHelp("Tokens per chunk.", valueName: "count"))
    var chunk = 512

    @Option(
        name: .customLong("kl"),
        help: ArgumentHelp(
            "Model file to compare with: mean Kullback-Leibler divergence from its predictions to those of -m.",
            valueName: "file"),
        completion: .model)
    var reference: String?

    @OptionGroup var compute: ComputeArguments

    @Flag(help: "The result as one JSON object.")
    var json = false

    @Flag(name: .shortAndLong, help: "No progress on standard error.")
    var quiet = false

    func validate() throws {
        if chunk < 1 { throw ValidationError("--chunk must be 1 or more, not \(chunk)") }
    }

    func run() throws {
        let path = try file.path()
        Interruption.watch()
        let text = try InputText.file(textFile)
        let model = try compute.open(path)
        let reference = try reference.map { try compute.open($0) }
        if let reference { try checkSameTokens(model, reference) }
        var tokens = TokenStream(try model.encoder())
        let meter = ProgressMeter("measuring", unit: .tokens, style: .automatic(quiet: quiet))
        // Also before an error's line.
        defer { meter.finish() }
        var comparison = try Comparison(model: model, reference: reference)
        var done = 0
        while true {
            let count = min(comparison.slice, chunk - done % chunk)
            try fill(&tokens, to: count, from: text)
            let next = tokens.take(count)
            if next.isEmpty { break }
            if done % chunk == 0 { comparison.beginChunk() }
            do throws(ModelError) {
                try comparison.add(next, isCancelled: { Interruption.signal != nil })
            } catch {
                if let signal = Interruption.signal { throw Interrupted(signal: signal, message: "interrupted") }
                throw error
            }
            done += next.count
            meter.update(done: done, total: tokens.total(ofBytes: text.byteCount))
        }
        guard done > 0 else {
            throw FileProblem(.content, path: textFile, problem: "has no text", advice: "give some to measure with")
        }
        meter.finish()
        guard comparison.isNumber else {
            throw FileProblem(
                .notFinite, path: path, problem: "gives logits that are not numbers", advice: "check it with rg-quant verify")
        }
        try StandardOutput.write(json ? comparison.json.line : comparison.lines)
    }

    /// Reads until `count` tokens are there, or the text ends.
    private func fill(_ tokens: inout TokenStream, to count: Int, from text: TextFile) throws {
        while tokens.count < count, !tokens.isFinished {
            if let bytes = try InputText.next(text) { try tokens.append(bytes) } else { try tokens.finish() }
        }
    }

    private func checkSameTokens(_ model: Model, _ reference: Model) throws(FileProblem) {
        guard model.file.metadata.tokenizer == reference.file.metadata.tokenizer,
            model.configuration.vocabularySize == reference.configuration.vocabularySize
        else {
            throw FileProblem(
                .content, path: reference.file.path, problem: "has a different tokenizer than \(model.file.path)",
                advice: "compare files that were made from the same model")
        }
    }
}
