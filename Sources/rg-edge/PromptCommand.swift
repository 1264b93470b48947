import ArgumentParser
import CommandSupport
import JSON
import RGEdge

/// `rg-edge prompt`: lets a model answer, or go on with a text.
struct PromptCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prompt",
        abstract: "Lets a model answer a prompt, and shows the text as it is made.",
        discussion: """
            An instruction-tuned model gets the prompt as a user's turn of a chat and answers until its turn ends; a base model, or \
            any model with --raw, goes on with the prompt's text. Control tokens written in a prompt stay text. \
            Ctrl-C stops the text, a second one the program.
            """)

    @OptionGroup var file: ModelFileArgument

    @Argument(help: "The prompt; - reads it from standard input, without the line break at its end.")
    var prompt: String

    @Flag(help: "Use the prompt as it is, without the chat template.")
    var raw = false

    @Option(
        name: [.customShort("n"), .long], parsing: .unconditional,
        help: ArgumentHelp(
            "Most tokens to generate; -1 or 0: until the model ends. (default: -1 in a chat, 256 otherwise)", valueName: "count"))
    var maxTokens: Int?

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("End before this text; may be given several times.", valueName: "text"))
    var stop: [String] = []

    @OptionGroup var sampling: SamplingArguments
    @OptionGroup var compute: ComputeArguments

    @Flag(help: "JSON, an object a line: pieces of text, then a summary.")
    var json = false

    @Flag(help: "A line of figures at the end, on standard error: tokens, speed, memory.")
    var timings = false

    /// A base model seldom ends by itself.
    private static let usualTextLength = 256

    func validate() throws {
        if prompt.isEmpty { throw ValidationError("The prompt is empty; give some text, or - to read it from standard input") }
        if let maxTokens, maxTokens < -1 { throw ValidationError("--max-tokens must be a count, or -1 or 0 for no limit, not \(maxTokens)") }
        if stop.contains("") { throw ValidationError("--stop needs a text that is not empty") }
    }

    func run() throws {
        let path = try file.path()
        let text = try promptText()
        let model = try compute.open(path)
        let session = try model.makeSession()
        let options = options(for: model)

        let output = TextOutput(asJSON: json)
        let result = try session.generate(text, options: options) { piece in
            // While there is no text, Ctrl-C may as well end the process.
            if !output.hasText { Interruption.watch() }
            return output.write(piece) && Interruption.signal == nil
        }
        try output.finish()

        let summary = GenerationSummary(result: result, model: model, sampling: options.sampling)
        if json { try StandardOutput.write(summary.json.line) }
        if timings { Diagnostics.note((output.endsLine ? "" : "\n") + summary.line) }
        if result.finish == .cancelled, let signal = Interruption.signal { throw ExitCode(128 + signal) }
    }

    private func promptText() throws -> String {
        guard prompt == InputText.standardInput else { return prompt }
        var text = try InputText.contentsOfStandardInput()
        if text.last?.isNewline == true { text.removeLast() }
        guard !text.isEmpty else { throw InputError("standard input", "is empty", advice: "write the prompt to it") }
        return text
    }

    private func options(for model: Model) -> GenerationOptions {
        var options = GenerationOptions()
        options.asChatTurn = !raw && model.chatTemplate != nil
        options.sampling = sampling.sampling
        options.stop = stop
        options.maxTokens =
            switch maxTokens {
            case nil: options.asChatTurn ? nil : Self.usualTextLength
            case -1, 0: nil
            case let count?: count
            }
        return options
    }
}
