import ArgumentParser
import CommandSupport
import Conversion
import Files
import System

/// `rg-quant calibrate`: runs a text through a model and keeps the second moments of every matrix's inputs.
struct CalibrateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "calibrate",
        abstract: "Measures with a text which inputs of the weight matrices matter and vary together, for convert --importance.",
        discussion: """
            The text should be of the kind that the model will be used for, in all its variety; 30,000 tokens are enough, and \
            fewer than 1,000 may do more harm than good. The file should be in f16 or f32. The statistics are a safetensors file \
            of 233 MB for the 2B model, and take as much memory beside the model.

            Examples:
              rg-quant convert recurrentgemma-2b -o 2b-f16.rgq --type f16
              rg-quant calibrate 2b-f16.rgq some.txt -o 2b.stats
              rg-quant convert recurrentgemma-2b -o 2b.rgq --importance 2b.stats
            """)

    @Argument(help: "Model file.", completion: .file(extensions: ["rgq"]))
    var file: String

    @Argument(help: "File of UTF-8 text; - reads standard input.", completion: .file())
    var text: String

    @Option(name: [.short, .long], help: "File of statistics to write.", completion: .file())
    var output: String

    @OptionGroup var work: ThreadOption

    @Flag(name: [.short, .long], help: "No progress on standard error.")
    var quiet = false

    func validate() throws { try OutputName.check(output, for: "--output") }

    func run() throws {
        Interruption.watch()
        let source = try InputText.file(text)
        try calibrate(with: source)
    }

    private func calibrate(with source: TextFile) throws(FileProblem) {
        let calibration = try Calibration(
            model: file, text: source, textPath: text == InputText.standardInput ? "/dev/stdin" : text, threads: work.threads)
        for warning in calibration.warnings { Diagnostics.report("warning: \(warning)", command: "rg-quant") }
        let meter = ProgressMeter("calibrating", unit: .tokens, style: .automatic(quiet: quiet))
        defer { meter.finish() }
        try calibration.write(
            to: output, progress: { meter.update(done: $0, total: calibration.tokenCount) },
            isCancelled: { Interruption.signal != nil })
    }
}
