import ArgumentParser
import CommandSupport
import Conversion
import Files
import Quantization
import System

/// `rg-quant compare`: how far the weights of a model file are from those of its checkpoint.
struct CompareCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare",
        abstract: "Compares a model file, tensor by tensor, with the folder that it was made from.",
        discussion: """
            Relative error is the root of the sum of squared errors over that of squared weights; signal to noise is the same in \
            decibels. The worst come first; tensors that are exact are counted, not listed. In a file that was converted with \
            --importance the errors of int4 weights are larger, though its outputs are nearer: these figures \
            don't show that errors make up for each other.

            Examples:
              rg-quant compare recurrentgemma-2b-it 2b-it.rgq --html errors.html
            """)

    @Argument(help: "Folder of the model.", completion: .directory)
    var source: String

    @Argument(help: "Model file.", completion: .file(extensions: ["rgq"]))
    var file: String

    @Option(
        help: ArgumentHelp("Also draws the relative errors by layer and kind, as a web page.", valueName: "page"),
        completion: .file())
    var html: String?

    @OptionGroup var work: ThreadOption

    @Flag(name: [.short, .long], help: "No progress on standard error.")
    var quiet = false

    func validate() throws {
        if let html { try OutputName.check(html, for: "--html") }
    }

    func run() throws {
        Interruption.watch()
        let comparison = try SourceComparison(source: source, file: file, threads: work.threads)
        if let html { try checkIsNoSource(html, among: comparison.paths) }
        // Made now: after all the work it would be late to find that it can't be written.
        let page = try html.map { path throws(FileProblem) in try AtomicFile(target: path, replacing: .webPage) }
        let tensors = try run(comparison)
        if let page { try ErrorPage(title: file, tensors: tensors).write(to: page) }
        let inexact = tensors.filter { !$0.figures.isExact }
        var table = Table(
            ("tensor", .left), ("type", .left), ("relative error", .right), ("largest error", .right), ("largest weight", .right),
            ("signal to noise", .right))
        for tensor in inexact.sorted(by: { $0.figures.isWorse(than: $1.figures) }) {
            let figures = tensor.figures
            table.add(
                tensor.name, tensor.type.name, Format.short(figures.relativeError), Format.short(Double(figures.largestError)),
                Format.short(Double(figures.largestWeight)),
                figures.signalToNoise.map { "\(Format.fixed($0, digits: 1)) dB" } ?? "")
        }
        let pieces = comparison.pieces.map { "; its vocabulary has \($0.kept) of \($0.all) pieces, and only these are compared" }
        let summary =
            "\(file.onOneLine): \(inexact.count) tensors differ, \(tensors.count - inexact.count) are exact\(pieces ?? "")\n"
        try StandardOutput.write((inexact.isEmpty ? "" : table.description) + summary)
    }

    /// Compares, with progress, until a signal says to stop.
    private func run(_ comparison: SourceComparison) throws -> [SourceComparison.Tensor] {
        let meter = ProgressMeter("comparing", style: .automatic(quiet: quiet))
        defer { meter.finish() }
        return try comparison.run(
            progress: { meter.update(done: $0, total: comparison.sourceBytes) }, isCancelled: { Interruption.signal != nil })
    }
}
