import ArgumentParser
import Checkpoint
import CommandSupport
import Conversion

/// `rg-quant export`: a model file becomes a model folder of Hugging Face again.
struct ExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Writes a model file back as a folder that Hugging Face's transformers load.",
        discussion: """
            The folder gets config.json, tokenizer.model, model.safetensors and, if the model file has them, \
            chat_template.jinja and generation_config.json. Weights are those that the file stands for: in f32 exactly, in bf16 rounded.

            Examples:
              rg-quant export 2b-it.rgq exported
            """)

    @Argument(help: "Model file.", completion: .file(extensions: ["rgq"]))
    var file: String

    @Argument(help: "Folder to write: a new or an empty one.", completion: .directory)
    var folder: String

    @Option(help: "How to store the weights: f32 or bf16.")
    var type = ExportType.f32

    @OptionGroup var work: ThreadOption

    @Flag(name: [.short, .long], help: "No progress on standard error.")
    var quiet = false

    func validate() throws { try OutputName.check(folder, for: "<folder>", kind: .folder) }

    func run() throws {
        Interruption.watch()
        let export = try Export(model: file, type: type.elementType, threads: work.threads)
        let meter = ProgressMeter("exporting", style: .automatic(quiet: quiet))
        defer { meter.finish() }
        try export.write(
            to: folder, progress: { meter.update(done: $0, total: export.byteCount) },
            isCancelled: { Interruption.signal != nil })
    }
}

/// How weights are stored in an exported folder, on the command line.
enum ExportType: String, CaseIterable, ExpressibleByArgument {
    case f32, bf16

    var elementType: ElementType { self == .f32 ? .f32 : .bf16 }
}
