import CRGEdge
import RGEdge

/// A conversation as a caller hands it over, in its memory.
struct CallerMessages {
    private let messages: UnsafeBufferPointer<rg_message>
    /// Bytes of all texts.
    let textBytes: Int
    /// Bytes that the messages, and the marks that a template writes for them, take besides.
    let overhead: Int

    /// Throws for pointers that are NULL, sizes beyond any memory, and roles that are none. Allocates nothing.
    init(_ start: UnsafePointer<rg_message>?, _ count: Int, of model: Model) throws(Failure) {
        messages = try buffer(start, count, "messages")
        var textBytes = 0
        for (index, message) in messages.enumerated() {
            guard Self.role(message) != nil else {
                throw .argument("the role of message \(index + 1) is \(message.role.rawValue); use one of RG_ROLE_…")
            }
            let text = try buffer(message.text, message.length, "the text of message \(index + 1)")
            let (sum, overflow) = textBytes.addingReportingOverflow(text.count)
            textBytes = overflow ? .max : sum
        }
        self.textBytes = textBytes
        let (overhead, overflow) = count.multipliedReportingOverflow(by: 64 + (model.chatTemplate?.byteCount ?? 0))
        self.overhead = overflow ? .max : overhead
    }

    private static func role(_ message: rg_message) -> Message.Role? {
        switch message.role {
        case RG_ROLE_SYSTEM: .system
        case RG_ROLE_USER: .user
        case RG_ROLE_MODEL: .model
        default: nil
        }
    }

    /// Copies of them. What is not UTF-8 becomes U+FFFD.
    var copies: [Message] {
        messages.map { message in
            let text = UnsafeRawBufferPointer(start: message.text, count: message.length)
            return Message(Self.role(message) ?? .user, String(decoding: text, as: UTF8.self))
        }
    }
}
