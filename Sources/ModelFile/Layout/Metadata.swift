/// What a model file holds besides its tensors (`formats/rgq.md`, "Metadata").
public struct Metadata: Equatable, Sendable {
    /// A JSON object: the model's shape and constants.
    public var configuration: [UInt8]
    /// The bytes of `tokenizer.model`.
    public var tokenizer: [UInt8]
    /// Text with one `{text}` to be replaced by the user's words; nil for base models.
    public var chatTemplate: String?
    /// A JSON object: how the model's makers sample from it; nil if they don't say.
    public var sampling: [UInt8]?
    /// A JSON object: which converter made the file, and from what.
    public var provenance: [UInt8]?

    /// Metadata with these fields.
    public init(
        configuration: [UInt8], tokenizer: [UInt8], chatTemplate: String? = nil, sampling: [UInt8]? = nil,
        provenance: [UInt8]? = nil
    ) {
        self.configuration = configuration
        self.tokenizer = tokenizer
        self.chatTemplate = chatTemplate
        self.sampling = sampling
        self.provenance = provenance
    }

    /// The keys under which the fields are stored.
    enum Key {
        static let configuration = "configuration"
        static let tokenizer = "tokenizer"
        static let chatTemplate = "chat_template"
        static let sampling = "sampling"
        static let provenance = "provenance"
    }
}
