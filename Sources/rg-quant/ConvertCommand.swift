import ArgumentParser
import CommandSupport
import Conversion
import Files
import System
import Tiles
import Version

/// `rg-quant convert`: a model folder of Hugging Face becomes one model file.
struct ConvertCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "convert",
        abstract: "Converts a RecurrentGemma folder, as Hugging Face lays it out, to a model file.",
        discussion: """
            The folder has config.json, tokenizer.model, and model.safetensors or its shards with their index; that of an \
            instruction-tuned (-it) model also has its chat template, in tokenizer_config.json or chat_template.jinja. A model \
            file that stands under the name of the output is replaced when the new one is whole; until then, and if anything \
            goes wrong, it stays as it is. A file of another kind is never replaced.

            Examples:
              rg-quant convert recurrentgemma-2b-it -o 2b-it.rgq
              rg-quant convert recurrentgemma-2b-it -o 2b-it-q8.rgq --type q8
              rg-quant convert recurrentgemma-2b -o 2b.rgq --tensor-type '*.rg_lru.*=q8'
              rg-quant convert recurrentgemma-2b -o 2b.rgq --importance 2b.stats
              rg-quant convert recurrentgemma-2b -o english.rgq --vocabulary books/*.txt
            """)

    @Argument(help: "Folder of the model.", completion: .directory)
    var source: String

    @Option(name: [.short, .long], help: "Model file to write, *.rgq by convention.", completion: .file(extensions: ["rgq"]))
    var output: String

    @Option(
        help: """
            Type of the weight matrices: 4.5 bits per weight (q4-small), up to 4.9 (q4) or 5.7 (q4-large) with int8 where int4 costs \
            most, 8.5, 16 or 32. Vectors stay f32.
            """)
    var type = TypePreset.q4

    @Option(
        help: ArgumentHelp(
            "Another type for the matrices whose names match; repeatable, the last match wins.",
            discussion: "In a pattern * stands for any characters and ? for one. Vectors that a pattern matches stay f32.",
            valueName: "pattern=type"),
        transform: rule)
    var tensorType: [TensorTypeRule] = []

    @Option(
        help: ArgumentHelp(
            "Statistics of rg-quant calibrate, with which errors of int4 weights make up for each other.",
            discussion: """
                Takes longer: a minute for the 2B model, on two cores. The relative errors that are shown are those of weights, \
                which become larger so that those of outputs become smaller.
                """,
            valueName: "stats"),
        completion: .file())
    var importance: String?

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp(
            "Texts whose pieces stay in the vocabulary, as many as you like; - reads standard input.",
            discussion: """
                The pieces that no text uses are left out of the embedding, the head and the tokenizer, except for control marks, \
                bytes, and pieces that others are built of. Logits of the pieces that stay are what they were, to the bit. Other \
                texts are spelled in smaller pieces and bytes, which the model foresees badly: give much text, of all sorts that \
                the model will read and write.
                """,
            valueName: "text"),
        completion: .file())
    var vocabulary: [String] = []

    @Option(
        help: """
            Chat template: the folder's (auto; it must be in Gemma's format), gemma, or none, as for base models.
            """)
    var chatTemplate = ChatTemplateChoice.auto

    @OptionGroup var work: ThreadOption

    @Flag(name: [.short, .long], help: "No progress on standard error.")
    var quiet = false

    func validate() throws {
        try OutputName.check(output, for: "--output")
        if vocabulary.count(where: { $0 == InputText.standardInput }) > 1 {
            throw ValidationError("--vocabulary: standard input can be read once: give - once")
        }
    }

    func run() throws {
        Interruption.watch()
        var options = Conversion.Options()
        options.types = type
        options.rules = tensorType
        options.importance = try importance.map { path throws(FileProblem) in try Importance(path: path) }
        options.chatTemplate = chatTemplate
        options.threads = work.threads
        options.converter = "rg-quant \(projectVersion)"
        let conversion = try interruptible { () throws(FileProblem) in try open(options) }
        for warning in conversion.warnings { Diagnostics.report("warning: \(warning)", command: "rg-quant") }
        let summary = summary(of: try write(conversion), conversion)
        do throws(OutputError) {
            try StandardOutput.write(summary)
        } catch {
            if error == .closedPipe { throw error }
            throw LostSummary(file: output, reason: error)
        }
    }

    /// Opens the folder and, with progress, reads the texts.
    private func open(_ options: Conversion.Options) throws(FileProblem) -> Conversion {
        guard !vocabulary.isEmpty else { return try Conversion(source: source, options: options) }
        let meter = ProgressMeter("reading texts", style: .automatic(quiet: quiet))
        defer { meter.finish() }
        let standardInput = "/dev/stdin"
        let texts = VocabularyTexts(
            vocabulary.map { $0 == InputText.standardInput ? standardInput : $0 }, progress: { meter.update(done: $0, total: nil) },
            open: { path throws(FileProblem) in try InputText.file(path == standardInput ? InputText.standardInput : path) })
        return try Conversion(source: source, options: options, vocabulary: texts)
    }

    /// Converts, with progress, until a signal says to stop.
    private func write(_ conversion: Conversion) throws -> ConversionReport {
        let meter = ProgressMeter("converting", style: .automatic(quiet: quiet))
        defer { meter.finish() }
        return try interruptible { () throws(FileProblem) in
            try conversion.write(
                to: output, progress: { meter.update(done: $0, total: conversion.sourceBytes) },
                isCancelled: { Interruption.signal != nil })
        }
    }

    /// Runs `body`; if a signal has stopped it, throws what ends the command so.
    private func interruptible<Result>(_ body: () throws(FileProblem) -> Result) throws -> Result {
        do throws(FileProblem) {
            return try body()
        } catch {
            guard error.kind == .cancelled, let signal = Interruption.signal else { throw error }
            throw Interrupted(signal: signal, message: error.description)
        }
    }

    /// The table that a conversion ends with.
    private func summary(of report: ConversionReport, _ conversion: Conversion) -> String {
        var table = Table(
            ("type", .left), ("tensors", .right), ("bytes", .right), ("bits per weight", .right), ("largest relative error", .left))
        for row in report.rows {
            table.add(
                row.type.name, "\(row.tensorCount)", "\(row.byteCount)", Format.fixed(row.bitsPerWeight, digits: 2),
                row.worst.map { "\(Format.short($0.relativeError)) in \($0.name)" } ?? "0")
        }
        let bits = 8 * Double(report.rows.reduce(0) { $0 + $1.byteCount }) / Double(report.weightCount)
        table.add(
            "all", "\(report.tensors.count)", "\(report.rows.reduce(0) { $0 + $1.byteCount })", Format.fixed(bits, digits: 2), "")
        let pieces = conversion.vocabulary.map { "\($0.kept.count) of \($0.wholeCount) pieces, " } ?? ""
        let template = conversion.chatTemplate == nil ? "no chat template" : "Gemma's chat template"
        return """
            \(table)\(output.onOneLine): \(Format.bytes(report.byteCount)), \
            \(Format.count(report.weightCount)) weights, \(pieces)\(template), in \(Format.duration(seconds: report.seconds))

            """
    }

    @Sendable private static func rule(_ text: String) throws -> TensorTypeRule {
        do throws(FileProblem) {
            return try TensorTypeRule(parsing: text)
        } catch {
            throw ValidationError("\(error)")
        }
    }
}

/// A conversion that succeeded but can't say so.
private struct LostSummary: Error, CustomStringConvertible {
    let file: String
    let reason: OutputError

    var description: String { "\(file): is written and whole, but its summary is lost: \(reason)" }
}

extension TypePreset: ExpressibleByArgument {}

extension ChatTemplateChoice: ExpressibleByArgument {}
