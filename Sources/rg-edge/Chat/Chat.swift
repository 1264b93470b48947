import CommandSupport
import Files
import Glibc
import RGEdge
import System
import Text

/// A conversation with somebody who types, or with lines from a pipe. Answers go to standard output, all else to standard error.
final class Chat {
    let model: Model
    /// How answers are made from here on.
    var options: GenerationOptions
    /// Where the conversation is kept in the end, if anywhere.
    let file: SessionFile?
    /// The user's instructions: what new conversations begin with, and what a turn begins with where others, or none, were said last.
    var system: String?
    /// What they begin with besides: what the model has to know of tools.
    private let fold: (_ system: String?) throws -> String?
    private let input = LineInput(history: LineHistory(named: "history"), complete: ChatCompletion.complete)
    var conversation: Conversation
    private(set) var last: GenerationResult?

    /// A conversation that goes on with a session. A new one begins with what `fold` makes of the user's instructions.
    init(
        _ session: Session, file: SessionFile?, system: String?, fold: @escaping (_ system: String?) throws -> String?,
        options: GenerationOptions, undoLimit: Int
    ) throws {
        model = session.model
        self.file = file
        self.system = system
        self.fold = fold
        self.options = options
        // One that goes on has its own.
        conversation = Conversation(session, told: session.position == 0 ? nil : system, undoLimit: undoLimit)
    }

    /// The session of the current branch.
    var session: Session { conversation.session }

    /// True if the user's instructions are still to be said in a conversation that has begun.
    var areInstructionsPending: Bool { system != nil && system != conversation.told }

    /// What the next turn begins with.
    private var nextInstructions: String? {
        get throws { session.position == 0 ? try fold(system) : areInstructionsPending ? system : nil }
    }

    /// True if somebody types.
    var isInteractive: Bool { input.isInteractive }

    /// Talks until the user ends it. Throws ``Interrupted`` for a signal that ends it, and if standard output fails or the model's
    /// file can't be read any more.
    func run() throws {
        // Somebody who stops an answer may press Ctrl-C twice.
        Interruption.watch(keepsInterrupts: isInteractive)
        if isInteractive {
            if session.position > 0 { noteResumption() }
            Diagnostics.note("/help lists what else there is; Ctrl-D ends.")
        }
        while let line = try nextLine() {
            do {
                switch try ChatInstruction(line) {
                case nil: try say(line)
                case .quit?: return
                case let instruction?: try follow(instruction)
                }
            } catch let mistake as ChatInstruction.Mistake {
                Diagnostics.note("\(mistake).")
            } catch let error as FileProblem {
                Diagnostics.note("\(error).")
            } catch let error as ModelError where model.file.isIntact {
                // The conversation is as it was before.
                Diagnostics.note("\(error).")
            }
        }
    }

    /// Says where a conversation is gone on with, and to somebody who types what was said last.
    func noteResumption() {
        let reminder = isInteractive ? SpokenTurns(session).last(1).reminder : ""
        Diagnostics.note((reminder.isEmpty ? "" : reminder + "\n") + "Going on after \(session.position) tokens.")
    }

    /// The next line that is not empty, lines that end in a backslash joined with those after them; nil at the end.
    private func nextLine() throws -> String? {
        var text = ""
        while true {
            if isInteractive { Interruption.forgetInterrupt() }
            try checkSignal()
            switch try input.next(prompt: text.isEmpty ? "> " : "… ") {
            case .line(let line) where line.hasSuffix("\\"):
                text += line.dropLast() + "\n"
                // Such lines may never end.
                if text.utf8.count > InputText.limit { throw FileProblem.tooLong("standard input") }
            case .line(let line):
                text += line
                if !text.trimmed.isEmpty { return text }
                text = ""
            case .interrupted, .signal: text = ""
            case .end: return text.isEmpty ? nil : text
            }
        }
    }

    /// Throws for a signal that ends the chat: any since the chat began, except Ctrl-C from somebody who types.
    private func checkSignal() throws(Interrupted) {
        guard let signal = Interruption.signal, !isInteractive || signal != SIGINT else { return }
        throw Interrupted(signal: signal, message: "interrupted")
    }

    // MARK: - Turns

    /// One turn of each side.
    private func say(_ line: String) throws {
        let options = options, instructions = try nextInstructions
        try show(options) { turn throws(ModelError) in
            try conversation.say(line, after: instructions, of: system, options, turn)
        }
    }

    /// The model's last turn once more.
    func retry() throws {
        guard let former = conversation.lastAnswer else {
            throw ChatInstruction.Mistake(
                description: conversation.canUndo
                    ? "there is no answer to take back; /retry comes after one"
                    : "/retry takes an answer back, which --undo 0 rules out")
        }
        if options.sampling.temperature == 0 {
            if former.options.isGreedy(as: options), former.finish != .cancelled {
                return Diagnostics.note("It would be the same answer: the temperature is 0 (/set temperature 0.8 changes that).")
            }
        } else if former.options.sampling.temperature > 0, former.options.sampling.seed == options.sampling.seed {
            // Another one, but the same whenever the chat is repeated.
            options.sampling.seed = options.sampling.seed == UInt64(Int64.max) ? 0 : options.sampling.seed + 1
        }
        let options = options
        try show(options) { turn throws(ModelError) in try conversation.retry(options, turn) }
    }

    /// Shows an answer while `take` takes a turn, by what it is given.
    private func show(
        _ options: GenerationOptions, _ take: (Conversation.Turn) throws(ModelError) -> Bool
    ) throws {
        let output = TextOutput(asJSON: false, wrapsWords: true), progress = PromptProgress()
        var result: GenerationResult?
        let isRead = try take { session, text throws(ModelError) in
            let position = session.position
            // A signal that came since the line was read counts.
            do throws(ModelError) {
                let made = try session.generate(
                    text, options: options, isCancelled: { Interruption.signal != nil },
                    onProgress: { progress.show(done: $0, of: $1) },
                    onText: { output.write($0) })
                progress.clear()
                result = made
                return session.position > position ? made.finish : nil
            } catch {
                progress.clear()
                // The error goes on a line of its own.
                try? output.finishLine()
                throw error
            }
        }
        try output.finishLine()
        if isRead {
            last = result
        } else {
            Diagnostics.note("Stopped before it was read; it is not part of the conversation.")
        }
        try checkSignal()
    }
}

extension GenerationOptions {
    /// True if both take the likeliest token each time, of the same ones.
    fileprivate func isGreedy(as other: GenerationOptions) -> Bool {
        guard sampling.temperature == 0, other.sampling.temperature == 0 else { return false }
        // These choose among tokens of which the likeliest is always one.
        var drawn = self
        drawn.sampling.seed = other.sampling.seed
        drawn.sampling.topK = other.sampling.topK
        drawn.sampling.topP = other.sampling.topP
        drawn.sampling.minP = other.sampling.minP
        return drawn == other
    }
}
