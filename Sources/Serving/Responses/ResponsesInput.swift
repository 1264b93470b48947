import JSON
import RGEdge

extension MessageReader {
    /// Reads the `input` of `/v1/responses`: what the user says, or messages, calls of functions and their results, as they came in
    /// earlier answers. Throws, naming the member, for what can't be read.
    mutating func readInput(_ fields: Fields) throws(APIError) {
        switch fields["input"] {
        case .string(let text)?: messages.append(.user(text))
        case .array(let items)?:
            for (index, value) in items.enumerated() { try readItem(value, at: fields.path("input[\(index)]")) }
        case nil: throw .missing(fields.path("input"), "give a text, or [{\"role\": \"user\", \"content\": …}]")
        default: throw .wrong(fields.path("input"), "is neither a text nor an array")
        }
    }

    private mutating func readItem(_ value: JSONValue, at path: String) throws(APIError) {
        let item = try Fields(value, at: path)
        let type = try item.string("type") ?? "message"
        switch type {
        case "message": try read(item)
        case "function_call":
            guard let name = try item.string("name") else { throw .missing(item.path("name"), "name the function") }
            addCall(try item.string("call_id"), name: name, arguments: item["arguments"])
        case "function_call_output":
            addResult(of: try item.string("call_id"), name: try item.string("name"), try Self.text(item, "output") ?? "")
        case "reasoning":
            // Another model's thoughts: a model that can't read them is to pass over them.
            break
        default: throw .unsupported(item.path("type"), "\"\(type)\" is not one of message, function_call, function_call_output")
        }
    }
}
