import CommandSupport
import Files
import Glibc
import RGEdge
import System
import Text

/// A conversation with somebody who types, or with lines from a pipe. Answers go to standard output, all else to standard error.
final class Chat {
    private let model: Model
    private let options: GenerationOptions
    /// Where the conversation is kept in the end, if anywhere.
    private let file: SessionFile?
    /// Instructions for conversations that begin here.
    private let system: String?
    private let input = LineInput(history: LineHistory(named: "history"))
    private var conversation: Conversation
    private var last: GenerationResult?

    init(_ session: Session, file: SessionFile?, system: String?, options: GenerationOptions, undoLimit: Int) {
        model = session.model
        self.file = file
        self.system = system
        self.options = options
        conversation = Conversation(session, undoLimit: undoLimit)
    }

    /// The session of the current branch.
    var session: Session { conversation.session }

    /// True if somebody types.
    var isInteractive: Bool { input.isInteractive }

    /// Talks until the user ends it. Throws ``Interrupted`` for a signal that ends it, and if standard output fails or the model's
    /// file can't be read any more.
    func run() throws {
        // Somebody who stops an answer may press Ctrl-C twice.
        Interruption.watch(keepsInterrupts: isInteractive)
        if isInteractive {
            let isNew = session.position == 0
            note(isNew ? "/help lists what else there is; Ctrl-D ends." : "Going on after \(session.position) tokens.")
        }
        while let line = try nextLine() {
            do {
                switch try ChatInstruction(line) {
                case nil: try answer(line)
                case .quit?: return
                case let instruction?: try follow(instruction)
                }
            } catch let mistake as ChatInstruction.Mistake {
                note("\(mistake).")
            } catch let error as FileProblem {
                note("\(error).")
            } catch let error as ModelError where model.file.isIntact {
                // The conversation is as it was before.
                note("\(error).")
            }
        }
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
    private func answer(_ line: String) throws {
        let output = TextOutput(asJSON: false), progress = PromptProgress()
        var result: GenerationResult?
        let isRead = try conversation.attempt("\"\(Self.short(line))\" and its answer") { session throws(ModelError) in
            let position = session.position
            // A signal that came since the line was read counts.
            do throws(ModelError) {
                result = try session.generate(
                    session.opening(line, after: system), options: options, isCancelled: { Interruption.signal != nil },
                    onProgress: { progress.show(done: $0, of: $1) },
                    onText: { output.write($0) })
                progress.clear()
            } catch {
                progress.clear()
                // The error goes on a line of its own.
                try? output.finishLine()
                throw error
            }
            return session.position > position
        }
        try output.finishLine()
        if isRead {
            last = result
        } else {
            note("Stopped before it was read; it is not part of the conversation.")
        }
        try checkSignal()
    }

    // MARK: - Instructions

    private func follow(_ instruction: ChatInstruction) throws {
        switch instruction {
        case .help: note(ChatInstruction.overview)
        case .save(let name):
            // As with --session, - is not a name.
            guard let path = name.map(Self.expanded) ?? file?.path, path != "-" else {
                throw ChatInstruction.Mistake.noFile("save")
            }
            try save(to: path)
            note("Saved \(session.position) tokens to \(name ?? path).")
        case .load(let path):
            let loaded = try model.session(from: Self.expanded(path))
            try conversation.prepare("loading \(path)")
            conversation.replace(with: loaded)
            note("Going on after \(session.position) tokens.")
        case .fork(nil):
            try conversation.fork()
            note("Branch \(conversation.branch) begins here; /fork N goes to branch N.")
        case .fork(let number?):
            note(
                conversation.go(toBranch: number)
                    ? "In branch \(number), after \(session.position) tokens."
                    : "There is no branch \(number), only 1 to \(conversation.branchCount).")
        case .undo: note(try conversation.undo().map { "Took back \($0)." } ?? "There is nothing that can be taken back.")
        case .reset:
            try conversation.prepare("the reset")
            session.reset()
            note(conversation.canUndo ? "A new conversation; /undo brings back the old one." : "A new conversation.")
        case .stats: note(stats)
        case .quit: break
        }
    }

    private func save(to path: String) throws {
        if let file, file.isAt(path) { return try file.save(session) }
        // Another chat may have it in use.
        let lock = try FileLock(on: path)
        try withExtendedLifetime(lock) { try session.save(to: path) }
    }

    private var stats: String {
        var lines = ["\(session.position) tokens in branch \(conversation.branch) of \(conversation.branchCount)"]
        if let last { lines.append(GenerationSummary(result: last, model: model, sampling: options.sampling).line) }
        return lines.joined(separator: "\n")
    }

    private func note(_ text: String) { Diagnostics.note(text) }

    /// The beginning of a line, to know it by.
    private static func short(_ line: String) -> String {
        let start = line.onOneLine.prefix(40)
        return start.count < line.count ? start + "…" : String(start)
    }

    /// A path with the user's home folder in place of `~`, which no shell has replaced.
    private static func expanded(_ path: String) -> String {
        guard path == "~" || path.hasPrefix("~/"), let home = getenv("HOME") else { return path }
        return String(cString: home) + path.dropFirst()
    }
}
