import CommandSupport
import Files
import RGEdge
import System

extension Chat {
    /// Does what a line says that is for the program.
    func follow(_ instruction: ChatInstruction) throws {
        switch instruction {
        case .help: note(ChatInstruction.overview)
        case .save(let name): try save(name)
        case .load(let path):
            let loaded = try model.session(from: PathCompletion.expanded(path))
            try conversation.prepare("loading \(path)")
            // It has its own; but what is still to be said stays so.
            conversation.told = areInstructionsPending ? nil : system
            conversation.replace(with: loaded)
            noteResumption()
        case .fork(nil):
            try conversation.fork()
            note("Branch \(conversation.branch) begins here; /fork N goes to branch N.")
        case .fork(let number?):
            note(
                conversation.go(toBranch: number)
                    ? "In branch \(number), after \(session.position) tokens."
                    : "There is no branch \(number), only 1 to \(conversation.branchCount).")
        case .undo: note(try conversation.undo().map { "Took back \($0)." } ?? "There is nothing that can be taken back.")
        case .retry: try retry()
        case .clear:
            try conversation.prepare("the new beginning")
            session.reset()
            conversation.told = nil
            note(conversation.canUndo ? "A new conversation; /undo brings back the old one." : "A new conversation.")
        case .history(let count): note(history(count))
        case .set(nil, _): note(ChatSetting.overview(options))
        case .set(let setting?, let value):
            try setting.set(value, in: &options)
            note(setting.line(options))
        case .system(nil): note(system ?? "There are no instructions; /system TEXT gives some.")
        case .system(let text?): instruct(text)
        case .stats: note(stats)
        case .quit: break
        }
    }

    private func note(_ text: String) { Diagnostics.note(text) }

    /// As Ollama does, and as messages of a system are put to these models: they go before what the user says next.
    private func instruct(_ text: String) {
        let isNew = session.position == 0
        system = text.isEmpty ? nil : text
        // Said again if they are the same.
        conversation.told = nil
        if system == nil {
            note(
                isNew
                    ? "No instructions." : "No instructions for what comes; what was said stays (/clear begins a new conversation)."
            )
        } else {
            note(
                isNew
                    ? "Your first line will begin with these instructions."
                    : "Your next line will begin with these instructions; /clear begins a new conversation with them.")
        }
    }

    private func save(_ name: String?) throws {
        // As with --session, - is not a name.
        guard let path = name.map(PathCompletion.expanded) ?? file?.path, path != "-" else {
            throw ChatInstruction.Mistake.noFile("save")
        }
        if let file, file.isAt(path) {
            try file.save(session)
        } else {
            // Another chat may have it in use.
            let lock = try FileLock(on: path)
            try withExtendedLifetime(lock) { try session.save(to: path) }
        }
        note("Saved \(session.position) tokens to \(name ?? path).")
    }

    private func history(_ count: Int?) -> String {
        guard session.position > 0 else { return "Nothing was said yet." }
        let spoken = SpokenTurns(session)
        guard !spoken.turns.isEmpty else { return "Nothing is known as text of the \(session.position) tokens so far." }
        let shown = count.map(spoken.last) ?? spoken
        let isCut = !spoken.areAll && shown.turns.count == spoken.turns.count
        return (isCut ? "(Only the last \(Sampling.repetitionWindowLimit) of \(session.position) tokens are known as text.)\n" : "")
            + shown.text
    }

    private var stats: String {
        var lines = ["\(session.position) tokens in branch \(conversation.branch) of \(conversation.branchCount)"]
        if let last { lines.append(GenerationSummary(result: last, model: model, sampling: options.sampling).line) }
        return lines.joined(separator: "\n")
    }
}
