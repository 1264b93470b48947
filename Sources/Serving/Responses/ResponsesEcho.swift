import JSON
import RGEdge

/// What an answer of `/v1/responses` repeats of its request, in the forms that OpenAI's clients read.
struct ResponsesEcho {
    /// The members, in OpenAI's order.
    let members: JSONObject

    /// Throws for a member that is not of its type.
    init(_ fields: Fields, _ settings: AnswerSettings) throws(APIError) {
        var members = JSONObject()
        members["background"] = false
        members["instructions"] = fields["instructions"] ?? .null
        members["max_output_tokens"] = settings.maxTokens.map { .integer(Int64($0)) } ?? .null
        members["max_tool_calls"] = .null
        members["metadata"] = .object(try fields.fields("metadata")?.object ?? JSONObject())
        members["parallel_tool_calls"] = .bool(try fields.bool("parallel_tool_calls") ?? true)
        members["previous_response_id"] = .null
        members["prompt_cache_key"] = try fields.string("prompt_cache_key").map(JSONValue.string) ?? .null
        members["reasoning"] = ["effort": .null, "summary": .null]
        members["service_tier"] = "default"
        members["store"] = false
        members["temperature"] = .shortest(settings.sampling.temperature)
        members["text"] = ["format": try Self.format(fields)]
        members["tool_choice"] = Self.choice(fields["tool_choice"] ?? "auto")
        members["tools"] = .array((try fields.array("tools") ?? []).map(Self.tool))
        members["top_logprobs"] = .integer(Int64(settings.logprobs ?? 0))
        members["top_p"] = .shortest(settings.sampling.topP)
        members["truncation"] = "disabled"
        if let user = try fields.string("user") { members["user"] = .string(user) }
        self.members = members
    }

    /// OpenAI's clients want a schema to have a name.
    private static func format(_ fields: Fields) throws(APIError) -> JSONValue {
        guard var format = try fields.fields("text")?.fields("format")?.object else { return ["type": "text"] }
        if format["type"] == "json_schema", format["name"] == nil { format["name"] = "answer" }
        return .object(format)
    }

    /// A tool in the flat form, also when it came in that of chats.
    private static func tool(_ value: JSONValue) -> JSONValue {
        let function = value["function"] ?? value
        return [
            "type": "function", "name": function["name"] ?? "", "description": function["description"] ?? .null,
            "parameters": function["parameters"] ?? .null,
            // Arguments fit their schema whether or not that was asked for.
            "strict": true,
        ]
    }

    private static func choice(_ value: JSONValue) -> JSONValue {
        switch value {
        case .string("any"): "required"
        case .object(let object):
            if let name = object["function"]?["name"] { ["type": "function", "name": name] } else { value }
        default: value
        }
    }
}
