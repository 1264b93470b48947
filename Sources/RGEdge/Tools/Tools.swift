import JSON

/// Functions that a model may call: by answering with the name of one and its arguments, as JSON that fits their schema.
///
/// Gemma 1, and so RecurrentGemma, was not trained to call functions. What tells it of them is therefore plain words
/// (``instructions(_:)``), and what makes a call of its answer is a constraint (``Constraint/Form/call(_:_:)``): a call is always of a
/// function that there is, with arguments that fit. Whether it is a sensible one is up to the model.
public struct Tools: Hashable, Sendable {
    /// When a call is to be made.
    public enum Choice: Hashable, Sendable {
        /// The model calls a function or answers in words.
        case auto
        /// The model calls one of the functions.
        case required
        /// The model calls the function of this name.
        case function(String)
    }

    /// A function.
    struct Function: Hashable, Sendable {
        let name: String
        /// As it is shown to the model, on a line: name, description, parameters.
        let line: String
        /// The JSON Schema of a call of it.
        let schema: String
    }

    let functions: [Function]

    /// Reads functions as OpenAI's API has them: an array of `{"type": "function", "function": {"name": …, "description": …,
    /// "parameters": a JSON Schema}}`, or of the inner objects alone. Throws, saying where, for anything else.
    public init(json text: String) throws(ModelError) {
        let value: JSONValue
        do throws(JSONError) { value = try JSONValue(parsing: Array(text.utf8)) } catch {
            let place = error.line > 0 ? "line \(error.line), column \(error.column): " : ""
            throw ModelError(error.isMemory ? .memory : .argument, "the tools: \(place)\(error.message)")
        }
        guard case .array(let items) = value, !items.isEmpty else { throw Self.wrong("no array with functions in it") }
        var functions: [Function] = [], names: Set<String> = []
        for (index, item) in items.enumerated() {
            let function = try Self.function(item, number: index)
            guard names.insert(function.name).inserted else { throw Self.wrong("two functions are named \(function.name)") }
            functions.append(function)
        }
        self.functions = functions
    }

    private static func wrong(_ problem: String) -> ModelError {
        ModelError(
            .argument, "the tools: \(problem); give [{\"type\": \"function\", \"function\": {\"name\": …, \"parameters\": …}}]")
    }

    private static func function(_ item: JSONValue, number: Int) throws(ModelError) -> Function {
        guard case .object(var object) = item else { throw wrong("number \(number + 1) is no object") }
        if case .object(let inner)? = object["function"] {
            if let type = object["type"], type != "function" {
                throw wrong("number \(number + 1) is of another type than \"function\"")
            }
            object = inner
        }
        guard case .string(let name)? = object["name"], !name.isEmpty else { throw wrong("number \(number + 1) has no name") }
        let parameters = object["parameters"] ?? ["type": "object", "properties": [:], "additionalProperties": false]
        guard case .object = parameters else { throw wrong("the parameters of \(name) are no JSON Schema") }
        var shown = JSONObject([JSONObject.Member(key: "name", value: .string(name))])
        if let description = object["description"] { shown["description"] = description }
        shown["parameters"] = parameters
        let call: JSONValue = [
            "type": "object",
            "properties": ["name": ["const": .string(name)], "arguments": parameters],
            "required": ["name", "arguments"], "additionalProperties": false,
        ]
        return Function(name: name, line: text(.object(shown)), schema: text(call))
    }

    private static func text(_ value: JSONValue) -> String { String(decoding: value.serialized(), as: UTF8.self) }
}

extension Tools {
    /// What tells the model of the functions: to go before a conversation, as a system's message, or the beginning of one.
    public func instructions(_ choice: Choice) -> String {
        let offered = (try? chosen(choice)) ?? []
        return "You can call functions. A call is a JSON object with the name of a function and its arguments, and nothing else: "
            + "{\"name\": …, \"arguments\": {…}}. "
            + (choice == .auto ? "Make a call if it helps to answer; otherwise answer in words. " : "Answer with a call. ")
            + "These are the functions:\n" + offered.map(\.line).joined(separator: "\n")
    }

    /// The functions that may be called. Throws if the choice names one that isn't there.
    func chosen(_ choice: Choice) throws(ModelError) -> [Function] {
        guard case .function(let name) = choice else { return functions }
        guard let function = functions.first(where: { $0.name == name }) else {
            throw ModelError(
                .argument, "no tool is named \(name); choose one of \(functions.map(\.name).joined(separator: ", "))")
        }
        return [function]
    }

    /// The JSON Schema of a call.
    func schema(_ choice: Choice) throws(ModelError) -> String {
        let schemas: [JSONValue] = try chosen(choice).enumerated().map { (index, function) throws(ModelError) in
            do throws(JSONError) {
                return try JSONValue(parsing: Array(function.schema.utf8))
                    .rebased(from: "#", to: "#/anyOf/\(index)/properties/arguments")
            } catch {
                throw ModelError(.memory, "no memory to read the tools; close other programs")
            }
        }
        return Self.text(["anyOf": .array(schemas)])
    }
}

extension JSONValue {
    /// Keywords whose members are schemas by name.
    private static let namedSchemas: Set<String> = ["properties", "patternProperties", "$defs", "definitions", "dependentSchemas"]
    /// Keywords whose values are no schemas.
    private static let values: Set<String> = ["const", "enum", "default", "examples"]

    /// A schema that has moved to another place, with what it refers to.
    fileprivate func rebased(from start: String, to base: String) -> JSONValue {
        switch self {
        case .array(let elements): return .array(elements.map { $0.rebased(from: start, to: base) })
        case .object(let object):
            return .object(
                object.mapValues { key, value in
                    switch (key, value) {
                    case ("$ref", .string(let target)) where target == start || target.utf8.starts(with: (start + "/").utf8):
                        .string(base + target.dropFirst(start.count))
                    case (_, .object(let schemas)) where Self.namedSchemas.contains(key):
                        .object(schemas.mapValues { $1.rebased(from: start, to: base) })
                    case _ where Self.values.contains(key): value
                    default: value.rebased(from: start, to: base)
                    }
                })
        default: return self
        }
    }
}

extension JSONObject {
    fileprivate func mapValues(_ body: (_ key: String, _ value: JSONValue) -> JSONValue) -> JSONObject {
        JSONObject(members.map { Member(key: $0.key, value: body($0.key, $0.value)) })
    }
}
