import ArgumentParser
import CommandSupport
import JSON
import ModelArguments
import RGEdge
import System

/// `rg-edge prompt`: lets a model answer, or go on with a text.
struct PromptCommand: ParsableCommand, TakesText {
    static let configuration = CommandConfiguration(
        commandName: "prompt",
        abstract: "Lets a model answer a prompt, and shows the text as it is made.",
        discussion: """
            An instruction-tuned model gets the prompt as a user's turn of a chat and answers until its turn ends; a base model, \
            or any model with --raw, goes on with the prompt's text. Control tokens written in a prompt stay text. \
            Ctrl-C stops the text, and --session keeps what was shown; a second one ends the program at once.

            Examples:
              rg-edge prompt 'Why is the sky blue?'
              rg-edge prompt 'Summarize this letter:' <letter.txt
              rg-edge prompt --raw -n 40 --temp 0.8 --seed 1 -- 'In the beginning'
              rg-edge prompt --choices yes,no 'Is the sky blue?'
              rg-edge prompt --json-schema person.json 'Who wrote the Odyssey?'
              rg-edge prompt --session talk.rgs 'My name is Ada.'
            """)

    @OptionGroup var file: ModelFileArgument

    @Argument(
        help: """
            The prompt, in quotes; - reads it from standard input, up to 64 MiB, without the line break at its end. What comes from a \
            pipe or a file on standard input beside a prompt follows it, after an empty line.
            """)
    var prompt: String?

    @Option(
        name: [.customShort("f"), .customLong("file")],
        help: ArgumentHelp("Read the prompt from this file, or from standard input for -, in the same way.", valueName: "file"),
        completion: .file())
    var promptFile: String?

    @Flag(help: "Use the prompt as it is, without the chat template.")
    var raw = false

    @OptionGroup var instructions: SystemArguments

    @OptionGroup var generation: GenerationArguments
    @OptionGroup var conversation: SessionArguments
    @OptionGroup var compute: ComputeArguments

    @Flag(help: "JSON, one object per line: parts of the text, then a summary.")
    var json = false

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "With --json: beside each part of the text its tokens, with the logarithms of their probabilities, and so many of the "
                + "likeliest tokens in their place; 0 to \(GenerationOptions.logprobsLimit). What --temperature and the like do to "
                + "the probabilities doesn't count.",
            valueName: "count"))
    var logprobs: Int?

    @Flag(help: "A line of figures at the end, on standard error: tokens, speed, memory.")
    var timings = false

    func validate() throws {
        if prompt == nil, promptFile == nil {
            throw ValidationError(
                "There is no prompt; give some text, after -- if it begins with -, or - to read it from standard input, or -f FILE")
        }
        if prompt != nil, promptFile != nil { throw ValidationError("Give a prompt or -f FILE, not both") }
        if prompt?.isEmpty == true {
            throw ValidationError("The prompt is empty; give some text, or - to read it from standard input")
        }
        if let logprobs {
            let limit = GenerationOptions.logprobsLimit
            if !(0...limit).contains(logprobs) { throw ValidationError("--logprobs must be 0 to \(limit), not \(logprobs)") }
            if !json { throw ValidationError("--logprobs goes with --json") }
        }
        if promptFile == "" { throw ValidationError("-f needs the name of a file") }
        if raw, instructions.areGiven || generation.form.tools != nil {
            throw ValidationError("--system and --tools go with the chat template, which --raw leaves out")
        }
    }

    func run() throws {
        let path = try file.path()
        let text = try promptText(), system = try generation.form.instructions(and: instructions.text())
        let model = try compute.openTelling(path)
        if system != nil, model.chatTemplate == nil { throw model.knowsNoConversations(advice: "leave out --system and --tools") }
        if !raw, model.mayMissTemplate {
            Diagnostics.report(
                "\(path): has no chat template: goes on with the prompt's text (as with --raw); if it is an -it model, "
                    + Model.templateAdvice,
                command: "rg-edge")
        }
        FirstPassProgress.show(model)
        let (session, kept) = try conversation.open(model)
        var options = try generation.options(for: model, asChatTurn: !raw && model.chatTemplate != nil)
        options.logprobs = logprobs

        let output = TextOutput(asJSON: json), progress = PromptProgress()
        // While there is no text and no file to take care of, Ctrl-C may as well end the process.
        if kept != nil || options.cache != nil { Interruption.watch() }
        let result: GenerationResult
        do throws(ModelError) {
            result = try session.generatePieces(
                session.opening(text, after: system), options: options, isCancelled: { Interruption.signal != nil },
                onProgress: { progress.show(done: $0, of: $1) },
                onPiece: { piece in
                    if !output.hasText { Interruption.watch() }
                    return output.write(piece.text, piece.json(model.tokenizer, hasTokens: logprobs != nil))
                })
            progress.clear()
        } catch {
            progress.clear()
            // The error goes on a line of its own.
            try? output.finish()
            throw error
        }
        try output.finish()

        let summary = GenerationSummary(result: result, model: model, sampling: options.sampling)
        if json { try StandardOutput.write(summary.json.line) }
        if timings { Diagnostics.note((output.leavesLineOpenOnStandardError ? "\n" : "") + summary.line) }
        // Without an answer there is nothing to go on from after a prompt: it will be given again.
        if result.finish != .cancelled || output.hasText { try kept?.save(session) }
        if result.finish == .cancelled, let signal = Interruption.signal {
            guard let kept else { throw ExitCode(128 + signal) }
            let line = "interrupted; " + (output.hasText ? "the conversation is in \(kept.path)" : kept.untouched)
            throw Interrupted(signal: signal, message: line)
        }
    }

    private func promptText() throws -> String {
        if let prompt, prompt != InputText.standardInput {
            guard InputText.isRedirected else { return prompt }
            InputText.tellIfWaiting()
            let input = try Self.withoutLastLineBreak(InputText.contentsOfStandardInput())
            return input.isEmpty ? prompt : "\(prompt)\n\n\(input)"
        }
        let path = promptFile ?? InputText.standardInput
        let text = try Self.withoutLastLineBreak(InputText.contents(ofFile: path))
        guard !text.isEmpty else {
            let isInput = path == InputText.standardInput
            throw FileProblem(
                .content, path: isInput ? "standard input" : path, problem: "is empty", advice: "write the prompt to it")
        }
        return text
    }

    private static func withoutLastLineBreak(_ text: String) -> String {
        text.last?.isNewline == true ? String(text.dropLast()) : text
    }
}
