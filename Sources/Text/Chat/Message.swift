/// One message of a conversation: who says it, and what. Its text stays text, whatever marks are spelled out in it.
public struct Message: Equatable, Sendable {
    /// Who speaks.
    public enum Role: Sendable {
        /// Whoever made the program: instructions for what follows.
        case system
        /// Whoever talks to the model.
        case user
        /// The model; `assistant` elsewhere.
        case model
    }

    /// Who says it.
    public var role: Role
    /// What is said. White space at its ends counts for nothing.
    public var text: String

    /// A message of somebody.
    public init(_ role: Role, _ text: String) {
        self.role = role
        self.text = text
    }

    /// Instructions for what follows.
    public static func system(_ text: String) -> Message { Message(.system, text) }
    /// What the user says.
    public static func user(_ text: String) -> Message { Message(.user, text) }
    /// What the model has said, or, at the end of a conversation, how its answer begins.
    public static func model(_ text: String) -> Message { Message(.model, text) }
}
