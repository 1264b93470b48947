/// A JSON text (RFC 8259) as a value.
public enum JSONValue: Equatable, Sendable {
    case null
    case bool(Bool)
    /// A number without fraction and exponent that fits 64 bits.
    case integer(Int64)
    /// Any other number; finite when it comes from ``parse(_:)``.
    case real(Double)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)
}

extension JSONValue {
    /// The member of an object; nil if there is none, or if this is not an object.
    public subscript(key: String) -> JSONValue? { objectValue?[key] }

    /// True for `null`.
    public var isNull: Bool { self == .null }

    /// The number if it is a whole one that fits an `Int`, also when written as `3.0` or `3e2`; otherwise nil.
    public var intValue: Int? {
        switch self {
        case .integer(let value): Int(exactly: value)
        case .real(let value): Int(exactly: value)
        default: nil
        }
    }

    /// The number, or nil. Whole numbers beyond 2^53 are rounded.
    public var doubleValue: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .real(let value): value
        default: nil
        }
    }

    /// The string, or nil.
    public var stringValue: String? {
        guard case .string(let value) = self else { return nil }
        return value
    }

    /// The elements of an array, or nil.
    public var arrayValue: [JSONValue]? {
        guard case .array(let value) = self else { return nil }
        return value
    }

    /// The object, or nil.
    public var objectValue: JSONObject? {
        guard case .object(let value) = self else { return nil }
        return value
    }
}
