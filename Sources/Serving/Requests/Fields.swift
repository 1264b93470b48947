import JSON

/// The members of an object in a request, read by name and type. A member that is null counts as missing, as OpenAI's clients mean it;
/// one of another type is an error that names it.
struct Fields {
    let object: JSONObject
    /// Where the object stands in the request, with a full stop at its end; empty for the request itself.
    private let prefix: String

    init(_ object: JSONObject, at path: String = "") {
        self.object = object
        prefix = path.isEmpty ? "" : path + "."
    }

    /// Throws unless the value is an object.
    init(_ value: JSONValue, at path: String) throws(APIError) {
        guard case .object(let object) = value else {
            throw APIError.wrong(path.isEmpty ? "body" : path, "is not a JSON object")
        }
        self.init(object, at: path)
    }

    /// The path of a member.
    func path(_ name: String) -> String { prefix + name }

    /// A member that is there and not null.
    subscript(name: String) -> JSONValue? {
        guard let value = object[name], !value.isNull else { return nil }
        return value
    }

    /// The first of two members that is there; `??` would forget what is thrown.
    static func first<Value>(
        _ first: Value?, _ second: @autoclosure () throws(APIError) -> Value?
    ) throws(APIError) -> Value? {
        if let first { return first }
        return try second()
    }

    func string(_ name: String) throws(APIError) -> String? {
        guard let value = self[name] else { return nil }
        guard case .string(let string) = value else { throw .wrong(path(name), "is not a string") }
        return string
    }

    func bool(_ name: String) throws(APIError) -> Bool? {
        guard let value = self[name] else { return nil }
        guard case .bool(let bool) = value else { throw .wrong(path(name), "is neither true nor false") }
        return bool
    }

    func array(_ name: String) throws(APIError) -> [JSONValue]? {
        guard let value = self[name] else { return nil }
        guard case .array(let array) = value else { throw .wrong(path(name), "is not an array") }
        return array
    }

    func fields(_ name: String) throws(APIError) -> Fields? {
        guard let value = self[name] else { return nil }
        return try Fields(value, at: path(name))
    }

    func integer(_ name: String, _ range: ClosedRange<Int>) throws(APIError) -> Int? {
        guard let value = self[name] else { return nil }
        // Beyond 2^53 a number that isn't written as a whole one may have been another.
        if case .real(let real) = value, abs(real) > 0x1p53 { throw .wrong(path(name), "is not a whole number of 64 bits") }
        guard let integer = value.intValue else { throw .wrong(path(name), "is not a whole number") }
        guard range.contains(integer) else {
            throw .wrong(path(name), "is \(integer), not in \(range.lowerBound)…\(range.upperBound)")
        }
        return integer
    }

    func number(_ name: String, _ range: ClosedRange<Double>) throws(APIError) -> Float? {
        guard let value = self[name] else { return nil }
        guard let number = value.doubleValue else { throw .wrong(path(name), "is not a number") }
        guard range.contains(number) else {
            throw .wrong(path(name), "is \(number), not in \(range.lowerBound)…\(range.upperBound)")
        }
        return Float(number)
    }

    /// A string or several.
    func strings(_ name: String) throws(APIError) -> [String]? {
        guard let value = self[name] else { return nil }
        if case .string(let string) = value { return [string] }
        var strings: [String] = []
        guard case .array(let array) = value else { throw .wrong(path(name), "is neither a string nor an array of strings") }
        for element in array {
            guard case .string(let string) = element else { throw .wrong(path(name), "has an element that is not a string") }
            strings.append(string)
        }
        return strings
    }

    /// Throws for the first of some members that is there, and neither false nor empty.
    func refuse(_ names: [String], _ advice: String = "leave it out") throws(APIError) {
        for name in names {
            switch self[name] {
            case nil, .bool(false), .string(""), .array([]), .object(JSONObject()): continue
            default: throw .unsupported(path(name), advice)
            }
        }
    }
}
