import JSON
import RGEdge

/// What an answer is to look like, as a request says.
enum AnswerFormat: Equatable {
    /// Anything.
    case text
    case constrained(Constraint.Form)
}

extension Fields {
    /// The most bytes of a schema or a grammar.
    static let formatLimit = 64 << 10

    /// Any JSON object: whoever asks for JSON looks for members in it.
    static let anyObject = AnswerFormat.constrained(.jsonSchema(#"{"type":"object"}"#))

    /// OpenAI's `response_format`: text, any JSON, or JSON that fits a schema. Throws for a kind that isn't known.
    func responseFormat() throws(APIError) -> AnswerFormat {
        guard let format = try fields("response_format") else { return .text }
        return try format.format(schemaIn: "json_schema")
    }

    /// The format that these members describe: `type`, and a schema in a member.
    func format(schemaIn member: String?) throws(APIError) -> AnswerFormat {
        let type = try string("type") ?? "text"
        switch type {
        case "text": return .text
        case "json_object":
            // llama.cpp has a schema here.
            return try self["schema"].map { schema throws(APIError) in try schemaFormat(schema, at: path("schema")) }
                ?? Self.anyObject
        case "json_schema":
            let holder: Fields
            if let member {
                guard let inner = try fields(member) else {
                    throw .missing(path(member), "give {\"name\": …, \"schema\": …}")
                }
                holder = inner
            } else {
                holder = self
            }
            guard let schema = holder["schema"] else { return Self.anyObject }
            return try schemaFormat(schema, at: holder.path("schema"))
        default:
            throw .wrong(path("type"), "is \"\(type)\", not one of text, json_object, json_schema")
        }
    }

    /// JSON that fits a schema.
    func schemaFormat(_ schema: JSONValue, at path: String) throws(APIError) -> AnswerFormat {
        let text = schema.serialized()
        guard text.count <= Self.formatLimit else {
            throw .wrong(path, "has more than \(Self.formatLimit) bytes; make it shorter")
        }
        return .constrained(.jsonSchema(String(decoding: text, as: UTF8.self)))
    }

    /// llama.cpp's `grammar` and `json_schema`, and vLLM's `guided_…` members.
    func ownFormat() throws(APIError) -> AnswerFormat? {
        if let grammar = try string("grammar"), !grammar.isEmpty {
            guard grammar.utf8.count <= Self.formatLimit else { throw .wrong(path("grammar"), "is too long") }
            return .constrained(.gbnf(grammar))
        }
        for name in ["json_schema", "guided_json"] {
            if let schema = self[name] { return try schemaFormat(schema, at: path(name)) }
        }
        if let regex = try string("guided_regex") {
            guard regex.utf8.count <= Self.formatLimit else { throw .wrong(path("guided_regex"), "is too long") }
            return .constrained(.regex(regex))
        }
        if let choices = try strings("guided_choice") {
            guard choices.reduce(0, { $0 + $1.utf8.count + 1 }) <= Self.formatLimit else {
                throw .wrong(path("guided_choice"), "is too long")
            }
            return .constrained(.choices(choices))
        }
        return nil
    }

    /// The functions that may be called, and when; nil for none.
    func tools() throws(APIError) -> (tools: Tools, choice: Tools.Choice)? {
        guard let array = try array("tools"), !array.isEmpty else {
            if let choice = self["tool_choice"], choice != "none", choice != "auto" {
                throw .wrong(path("tool_choice"), "asks for a call, and there are no tools")
            }
            return nil
        }
        let text = JSONValue.array(try allowed(of: array)).serialized()
        guard text.count <= Self.formatLimit else { throw .wrong(path("tools"), "has more than \(Self.formatLimit) bytes") }
        let tools: Tools
        do throws(ModelError) { tools = try Tools(json: String(decoding: text, as: UTF8.self)) } catch {
            throw APIError(error, param: path("tools"))
        }
        guard let choice = try toolChoice(of: Self.names(of: array)) else { return nil }
        return (tools, choice)
    }

    private static func names(of tools: [JSONValue]) -> Set<String> {
        Set(tools.compactMap { ($0["function"]?["name"] ?? $0["name"])?.stringValue })
    }

    /// Which of some tools is to be called; nil for none.
    private func toolChoice(of tools: Set<String>) throws(APIError) -> Tools.Choice? {
        switch self["tool_choice"] {
        case nil, .string("auto"): return .auto
        case .string("none"): return nil
        case .string("required"), .string("any"): return .required
        case .object(let object):
            if let allowed = try allowedTools() { return allowed.mode == "required" ? .required : .auto }
            let choice = Fields(object, at: path("tool_choice"))
            if let name = try Fields.first(choice.fields("function")?.string("name"), choice.string("name")) {
                guard tools.contains(name) else { throw .wrong(choice.path("function.name"), "names none of the tools") }
                return .function(name)
            }
            throw .missing(choice.path("function.name"), "name a function")
        default: throw .wrong(path("tool_choice"), "is not one of none, auto, required, or a function")
        }
    }
}
