import System

/// A conversation as Gemma models know it: turns of the user and of the model, one after the other, beginning with the user's.
///
/// They have no turn for a system, so its messages go before the user's next one, in the same turn, with an empty line between
/// them. Texts lose white space at both ends, as in the models' own templates.
public struct Turns: Sendable {
    /// What the user says in each turn, system messages included.
    let users: [String]
    /// What the model says after each of them. The last one is missing where it is the model's turn to begin; where it is there, it
    /// is the beginning of an answer that goes on.
    let answers: [String]

    /// Throws for what no template writes: no messages, turns that don't alternate, and a system message without one of the user's
    /// after it.
    public init(_ messages: [Message]) throws(FileProblem) {
        var users: [String] = [], answers: [String] = []
        var system: [String] = []
        for (index, message) in messages.enumerated() {
            let text = message.text.trimmed
            switch message.role {
            case .system: system.append(text)
            case .user:
                guard users.count == answers.count else {
                    throw .message(
                        index, "the user's, right after another of the user's",
                        advice: "turns of user and model alternate: join the two, or leave one out")
                }
                users.append(Self.folded(system, into: text))
                system = []
            case .model:
                guard system.isEmpty else { throw .unheardSystem(index - 1) }
                guard users.count > answers.count else {
                    throw .message(
                        index,
                        index == 0 ? "the model's, before any of the user's" : "the model's, right after another of the model's",
                        advice: "turns of user and model alternate, and the user's is the first")
                }
                answers.append(text)
            }
        }
        guard system.isEmpty else { throw .unheardSystem(messages.count - 1) }
        guard !users.isEmpty else {
            throw FileProblem(.option, path: "the conversation", problem: "has no messages", advice: "give one of the user's")
        }
        self.users = users
        self.answers = answers
    }

    /// One text of system messages and what the user says after them.
    public static func folded(_ system: [String], into user: String) -> String {
        (system + [user]).map(\.trimmed).filter { !$0.isEmpty }.joined(separator: "\n\n")
    }
}

extension FileProblem {
    /// What is wrong with a message of a conversation.
    fileprivate static func message(_ index: Int, _ problem: String, advice: String) -> FileProblem {
        FileProblem(.option, path: "message \(index + 1)", problem: problem, advice: advice)
    }

    fileprivate static func unheardSystem(_ index: Int) -> FileProblem {
        message(
            index, "the system's, and none of the user's follows it",
            advice: "put it before one: it becomes the beginning of the user's turn")
    }
}
