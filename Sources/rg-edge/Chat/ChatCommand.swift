import ArgumentParser
import CommandSupport
import Glibc
import ModelArguments
import RGEdge
import System

/// `rg-edge chat`: a conversation.
struct ChatCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "chat",
        abstract: "Holds a conversation.",
        discussion: """
            Each line is a turn; from a pipe too. Lines that begin with a slash are for the program: /help lists them. Ctrl-C \
            stops an answer and keeps the conversation, Ctrl-D ends it. Lines are remembered in \
            $XDG_STATE_HOME/rg-edge/history (~/.local/state/rg-edge/history), except those that begin with a space; Ctrl-R \
            searches them, Tab completes instructions and names of files.

            Answers differ from run to run: they are drawn as the model's file says, or else with --temperature 0.8, --top-k 40, \
            --top-p 0.95 and --min-p 0.05. --temperature 0 takes the likeliest token each time; /set shows and changes all of it, \
            the seed too, which makes an answer come again.

            Examples:
              rg-edge chat
              rg-edge chat --system 'Answer in one sentence.' --session talk.rgs
            """)

    @OptionGroup var file: ModelFileArgument
    @OptionGroup var instructions: SystemArguments
    @OptionGroup var generation: GenerationArguments
    @OptionGroup var conversation: SessionArguments
    @OptionGroup var compute: ComputeArguments

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Turns that /undo can take back, one after the other; each of them, and the one under way, takes as much memory as a session.",
            valueName: "count"))
    var undo = 1

    func validate() throws {
        if !(0...100).contains(undo) { throw ValidationError("--undo must be 0 to 100, not \(undo)") }
    }

    func run() throws {
        let path = try file.path()
        let system = try instructions.text()
        let fold = { (system: String?) in try generation.form.instructions(and: system) }
        // Read before the model.
        _ = try fold(system)
        let model = try compute.openTelling(path)
        guard model.chatTemplate != nil else {
            throw model.knowsNoConversations(advice: "let it go on with a text: rg-edge prompt")
        }
        FirstPassProgress.show(model)
        let (session, kept) = try conversation.open(model)
        let options = try generation.options(
            for: model, asChatTurn: true, usual: model.publishedSampling ?? .usual)
        let chat = try Chat(session, file: kept, system: system, fold: fold, options: options, undoLimit: undo)
        do {
            try chat.run()
        } catch let end as Interrupted {
            throw Interrupted(signal: end.signal, message: end.message + (try keep(chat, in: kept)))
        } catch let error as ModelError {
            throw ModelError(error.kind, error.description + (try keep(chat, in: kept)), code: error.code)
        } catch {
            _ = try keep(chat, in: kept)
            throw error
        }
        try kept?.save(chat.session)
    }

    /// Keeps a conversation that was ended by something other than its user: the line to the terminal may be gone, what was said on
    /// it is not. Lines from a pipe count all or not at all. Returns what became of the file, as the rest of a sentence.
    private func keep(_ chat: Chat, in file: SessionFile?) throws -> String {
        guard let file else { return "" }
        guard chat.isInteractive else { return "; \(file.untouched)" }
        try file.save(chat.session)
        return "; the conversation is in \(file.path)"
    }
}

extension Model {
    /// A base model is asked for a conversation; `advice` says what to do instead.
    func knowsNoConversations(advice: String) -> FileProblem {
        FileProblem(
            .content, path: file.path, problem: "a base model, which knows no conversations",
            advice: advice
                + (mayMissTemplate ? "; if it is an -it model, \(Model.templateAdvice)" : ""))
    }
}
