import ArgumentParser
import CommandSupport
import JSON
import RGEdge

/// `rg-edge perplexity`: how well a model foresees a text, alone or beside another file of the same model.
struct PerplexityCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "perplexity",
        abstract: "Measures how well a model foresees a text.",
        discussion: """
            The text's tokens are cut into chunks, each fed to an empty state after <bos>; the perplexity is exp of the mean \
            negative log-likelihood of all of them. With --kl it also shows how far the model's predictions are from those of \
            another file, such as the same model in f32.
            """)

    @OptionGroup var file: ModelFileArgument

    @Argument(help: "File of UTF-8 text; - reads standard input.")
    var textFile: String

    @Option(help: ArgumentHelp("Tokens a chunk.", valueName: "count"))
    var chunk = 512

    @Option(
        name: .customLong("kl"),
        help: ArgumentHelp(
            "Model file to compare with: mean Kullback-Leibler divergence from its predictions to those of -m.",
            valueName: "file"))
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
        let text = try InputText.contents(ofFile: textFile)
        let model = try compute.open(path)
        let reference = try reference.map { try compute.open($0) }
        if let reference { try checkSameTokens(model, reference) }
        let tokens = try model.encode(text)
        guard !tokens.isEmpty else { throw InputError(textFile, "has no text", advice: "give some to measure with") }

        Interruption.watch()
        let meter = ProgressMeter("measuring", unit: .tokens, style: .automatic(quiet: quiet))
        // Before an error's line, too.
        defer { meter.finish() }
        var comparison = try Comparison(model: model, reference: reference)
        for start in stride(from: 0, to: tokens.count, by: chunk) {
            try comparison.add(tokens[start..<min(start + chunk, tokens.count)]) { done in
                if let signal = Interruption.signal { throw Interrupted(signal: signal, message: "interrupted") }
                meter.update(done: start + done, total: tokens.count)
            }
        }
        meter.finish()
        guard comparison.isNumber else {
            throw InputError(path, "gives logits that are not numbers", advice: "check it with rg-quant verify")
        }
        try StandardOutput.write(json ? comparison.json.line : comparison.lines)
    }

    private func checkSameTokens(_ model: Model, _ reference: Model) throws(InputError) {
        guard model.file.metadata.tokenizer == reference.file.metadata.tokenizer,
            model.configuration.vocabularySize == reference.configuration.vocabularySize
        else {
            throw InputError(
                reference.file.path, "has another tokenizer than \(model.file.path)",
                advice: "compare files that were made from the same model")
        }
    }
}
