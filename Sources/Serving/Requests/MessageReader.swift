import JSON
import RGEdge
import Text

/// Reads a conversation as OpenAI's API has it, and makes of it one that Gemma's template can write.
///
/// Gemma knows two roles that take turns. So messages of one role in a row are joined with an empty line between them, `developer`
/// counts as `system`, and system messages that nobody follows are said by the user. A call of a function is the model's, spelled as
/// it spells one, and what the function returned is the user's.
struct MessageReader {
    var messages: [Message] = []
    /// Names of the functions that were called, by the identifiers of the calls.
    private var called: [String: String] = [:]

    /// Throws, naming the member, for what is no message.
    mutating func read(_ array: [JSONValue], at path: String = "messages") throws(APIError) {
        for (index, value) in array.enumerated() { try read(try Fields(value, at: "\(path)[\(index)]")) }
    }

    /// Puts instructions before everything that was read.
    mutating func begin(with instructions: String) { messages.insert(.system(instructions), at: 0) }

    /// The conversation, for ``Model/encode(_:)``: user and model in turns. Throws if there is none, or if the model speaks first.
    func conversation(at path: String = "messages") throws(APIError) -> [Message] {
        var turns: [(role: Message.Role, texts: [String])] = [], system: [String] = []
        func say(_ role: Message.Role, _ texts: [String]) {
            if turns.last?.role == role { turns[turns.count - 1].texts += texts } else { turns.append((role, texts)) }
        }
        // What nobody of the user's follows, the user says.
        func saySystem() {
            if !system.isEmpty { say(.user, system) }
            system = []
        }
        for message in messages {
            switch message.role {
            case .system: system.append(message.text)
            case .user:
                say(.user, system + [message.text])
                system = []
            case .model:
                saySystem()
                say(.model, [message.text])
            }
        }
        saySystem()
        guard let first = turns.first else { throw .wrong(path, "has no messages; give one of the user's") }
        guard first.role == .user else { throw .wrong(path, "begins with the assistant's words; the user's come first") }
        return turns.map { Message($0.role, Self.joined($0.texts)) }
    }

    /// What is said before the first message of the user or the model.
    var system: String { Self.joined(messages.prefix { $0.role == .system }.map(\.text)) }

    private static func joined(_ texts: [String]) -> String { Turns.folded(texts.dropLast(), into: texts.last ?? "") }

    /// Reads a message.
    mutating func read(_ fields: Fields) throws(APIError) {
        guard let role = try fields.string("role") else {
            throw .missing(fields.path("role"), "say \"system\", \"user\" or \"assistant\"")
        }
        let text = try Self.text(fields, "content")
        switch role {
        case "system", "developer": messages.append(.system(text ?? ""))
        case "user": messages.append(.user(text ?? ""))
        case "assistant", "model": try addAnswer(fields, text)
        case "tool", "function":
            let name = try Fields.first(fields.string("name"), fields.string("tool_name"))
            addResult(of: try fields.string("tool_call_id"), name: name, text ?? "")
        default:
            throw .wrong(fields.path("role"), "is \"\(role)\", not one of system, developer, user, assistant, tool")
        }
    }

    /// Adds a call that the model made, by itself.
    mutating func addCall(_ id: String?, name: String, arguments: JSONValue?) {
        if let id { called[id] = name }
        messages.append(.model(Self.spelled(name, arguments)))
    }

    /// Adds what a function returned to a call; without a name, it is the one that was called.
    mutating func addResult(of id: String?, name: String?, _ text: String) {
        let name = name ?? id.flatMap { called[$0] }
        messages.append(.user("Result of \(name ?? "the function"): \(text)"))
    }

    private mutating func addAnswer(_ fields: Fields, _ text: String?) throws(APIError) {
        var parts = [try Fields.first(text, fields.string("refusal")) ?? ""]
        for (index, value) in (try fields.array("tool_calls") ?? []).enumerated() {
            let call = try Fields(value, at: fields.path("tool_calls[\(index)]"))
            if let function = try call.fields("function") {
                let id = try call.string("id"), name = try function.string("name") ?? ""
                if let id { called[id] = name }
                parts.append(Self.spelled(name, function["arguments"]))
            }
        }
        if let call = try fields.fields("function_call") {
            parts.append(Self.spelled(try call.string("name") ?? "", call["arguments"]))
        }
        messages.append(.model(parts.filter { !$0.isEmpty }.joined(separator: "\n")))
    }

    /// A call as the model spells it (``ToolCall``).
    private static func spelled(_ name: String, _ arguments: JSONValue?) -> String {
        let text: String =
            switch arguments {
            case .string(let text): text
            case let value?: String(decoding: value.serialized(), as: UTF8.self)
            case nil: "{}"
            }
        return "{\"name\": \(String(decoding: JSONValue.string(name).serialized(), as: UTF8.self)), \"arguments\": \(text)}"
    }

    /// A text, or the texts of parts, one after the other; nil if there is none. Throws for a picture and the like.
    static func text(_ fields: Fields, _ name: String) throws(APIError) -> String? {
        guard let value = fields[name] else { return nil }
        if case .string(let text) = value { return text }
        guard case .array(let parts) = value else {
            throw .wrong(fields.path(name), "is neither a string nor an array of parts")
        }
        var text = ""
        for (index, part) in parts.enumerated() {
            let path = fields.path("\(name)[\(index)]")
            let part = try Fields(part, at: path)
            let type = try part.string("type") ?? "text"
            let words = try part.string("text"), refusal = try part.string("refusal")
            switch type {
            case "text", "input_text", "output_text": text += words ?? ""
            case "refusal": text += refusal ?? ""
            default:
                throw APIError(
                    "\"\(path)\" is of type \"\(type)\"; this model reads text alone", param: path, code: "unsupported_content")
            }
        }
        return text
    }
}
