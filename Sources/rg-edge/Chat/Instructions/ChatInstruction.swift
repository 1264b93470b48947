import Text

/// A line of a chat that is for the program and not for the model.
enum ChatInstruction: Equatable {
    case help
    /// To a file, or to the one that the chat was begun with.
    case save(String?)
    case load(String)
    /// A new branch, or back to one.
    case fork(Int?)
    case undo
    case retry
    case clear
    /// All that was said, or the last turns.
    case history(Int?)
    /// Nil shows all settings.
    case set(ChatSetting?, to: String)
    /// Nil shows the user's instructions, an empty text takes them away.
    case system(String?)
    case stats
    case quit

    /// What is wrong with an instruction, and what to do, in a sentence without a full stop.
    struct Mistake: Error, Equatable, CustomStringConvertible {
        let description: String

        /// An instruction that needs a file has none.
        static func noFile(_ name: String) -> Mistake {
            Mistake(description: "/\(name) needs the name of a file: /\(name) talk.rgs")
        }
    }

    /// Nil for a line that is for the model: one that doesn't begin with a slash.
    init?(_ line: String) throws(Mistake) {
        guard line.hasPrefix("/") else { return nil }
        let end = line.firstIndex { $0.isWhitespace } ?? line.endIndex
        let name = line[line.index(after: line.startIndex)..<end]
        let argument = String(line[end...])
        // A space after a backslash is part of a file's name.
        let isEscaped = argument.trimmed.reversed().prefix { $0 == "\\" }.count % 2 > 0 && argument.last?.isWhitespace == true
        self = try Self.instruction(
            String(name), argument.trimmed + (isEscaped && ["save", "load"].contains(name) ? " " : ""))
    }

    private static func instruction(_ name: String, _ argument: String) throws(Mistake) -> ChatInstruction {
        func alone(_ instruction: ChatInstruction) throws(Mistake) -> ChatInstruction {
            guard argument.isEmpty else { throw Mistake(description: "/\(name) takes nothing after it") }
            return instruction
        }
        func number(_ mistake: String) throws(Mistake) -> Int? {
            if argument.isEmpty { return nil }
            guard let number = Int(argument), number > 0 else { throw Mistake(description: mistake) }
            return number
        }
        switch name {
        case "help", "?": return try alone(.help)
        case "save": return .save(try TypedFileName.name(argument))
        case "load":
            guard let path = try TypedFileName.name(argument) else { throw .noFile(name) }
            return .load(path)
        case "fork": return .fork(try number("/fork takes the number of a branch, or nothing for a new one"))
        case "undo": return try alone(.undo)
        case "retry": return try alone(.retry)
        case "clear", "reset": return try alone(.clear)
        case "history": return .history(try number("/history takes a number of questions and answers, or nothing for all"))
        case "set": return try setting(argument)
        case "system": return .system(argument.isEmpty ? nil : unquoted(argument))
        case "stats": return try alone(.stats)
        case "bye", "quit", "exit": return try alone(.quit)
        default:
            throw Mistake(
                description: "there is no /\(name); /help lists what there is, and a space before the slash makes it a message")
        }
    }

    private static func setting(_ argument: String) throws(Mistake) -> ChatInstruction {
        let words = argument.split(maxSplits: 1) { $0.isWhitespace }
        guard let name = words.first else { return .set(nil, to: "") }
        guard let setting = ChatSetting(name: String(name)) else {
            throw Mistake(description: "there is no setting '\(name)'; /set alone shows all of them")
        }
        guard words.count > 1 else {
            throw Mistake(description: "/set \(setting.rawValue) needs a value; /set alone shows what it is")
        }
        return .set(setting, to: String(words[1]).trimmed)
    }

    /// A text without the quotes around it.
    private static func unquoted(_ text: String) -> String {
        guard text.count > 1, text.hasPrefix("\""), text.hasSuffix("\""), !text.dropFirst().dropLast().contains("\"") else {
            return text
        }
        return String(text.dropFirst().dropLast()).trimmed
    }
}
