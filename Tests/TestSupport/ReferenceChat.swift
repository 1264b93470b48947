import Foundation

/// What `tools/oracle/chat.py` wrote for the small English model's tokenizer: Python's white space, and conversations with the
/// tokens that transformers' apply_chat_template makes of them.
public struct ReferenceChat: Decodable, Sendable {
    public struct Conversation: Decodable, Sendable {
        /// Of the user and of the model in turn.
        public let messages: [String]
        /// Up to where the model's next turn begins, `<bos>` first.
        public let tokens: [UInt32]
    }

    public struct RoleConversation: Decodable, Sendable {
        public struct Message: Decodable, Sendable {
            /// `system`, `user` or `model`.
            public let role: String
            public let text: String
        }

        public let messages: [Message]
        /// The same, or, if the last message is the model's, up to its end.
        public let tokens: [UInt32]
    }

    /// Code points that `str.strip()` takes off the ends of a text.
    public let spaces: Set<UInt32>
    public let conversations: [Conversation]
    public let messages: [RoleConversation]

    public static func load() throws -> ReferenceChat {
        let path = Fixtures.root + "/tiny-en/chat.json"
        return try JSONDecoder().decode(ReferenceChat.self, from: Data(contentsOf: URL(fileURLWithPath: path)))
    }
}
