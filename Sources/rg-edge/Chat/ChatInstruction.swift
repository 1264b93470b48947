/// A line of a chat that is for the program and not for the model.
enum ChatInstruction: Equatable {
    case help
    /// To a file, or to the one that the chat was begun with.
    case save(String?)
    case load(String)
    /// A new branch, or back to one.
    case fork(Int?)
    case undo
    case reset
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
        let words = line.dropFirst().split(separator: " ", maxSplits: 1)
        let name = words.first.map(String.init) ?? ""
        let argument = words.count > 1 ? words[1].split(separator: " ", omittingEmptySubsequences: true).joined(separator: " ") : ""

        func without(_ instruction: ChatInstruction) throws(Mistake) -> ChatInstruction {
            guard argument.isEmpty else { throw Mistake(description: "/\(name) takes nothing after it") }
            return instruction
        }
        switch name {
        case "help": self = try without(.help)
        case "save": self = .save(argument.isEmpty ? nil : argument)
        case "load" where argument.isEmpty: throw .noFile(name)
        case "load": self = .load(argument)
        case "fork" where argument.isEmpty: self = .fork(nil)
        case "fork":
            guard let number = Int(argument) else {
                throw Mistake(description: "/fork takes the number of a branch, or nothing for a new one")
            }
            self = .fork(number)
        case "undo": self = try without(.undo)
        case "reset": self = try without(.reset)
        case "stats": self = try without(.stats)
        case "quit", "exit": self = try without(.quit)
        default:
            throw Mistake(
                description: "there is no /\(name); /help lists what there is, and a space before the slash makes it a message")
        }
    }

    /// What there is, for people.
    static let overview = """
        /save FILE   keep the conversation in a file; without FILE in that of --session, where it is kept at the end anyway
        /load FILE   go on with one that was kept
        /fork        a second branch from here; /fork 1 goes back to the first
        /undo        take back the last turn
        /reset       begin a new conversation
        /stats       how long the conversation is, how fast the last answer was
        /quit        end; so does Ctrl-D
        Ctrl-C stops an answer; what was shown of it stays part of the conversation. A line that ends in \\ goes on in the next.
        """
}
