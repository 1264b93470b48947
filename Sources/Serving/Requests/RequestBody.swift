import JSON

/// A request's body as JSON, within limits that keep its memory small.
enum RequestBody {
    /// The most values that a body may have: each takes some 100 bytes.
    static let valueLimit = 100_000
    /// The most levels of arrays and objects in each other.
    static let depthLimit = 64

    /// The members of the object that the body is. Throws for what is no JSON, is no object, or goes beyond the limits.
    static func fields(_ body: [UInt8]) throws(APIError) -> Fields {
        try Fields(try value(body), at: "")
    }

    static func value(_ body: [UInt8]) throws(APIError) -> JSONValue {
        try check(body)
        do throws(JSONError) {
            return try JSONValue(parsing: body)
        } catch {
            if error.isMemory {
                throw APIError(
                    status: 503, "no memory to read the request; try again", type: "unavailable_error", code: "out_of_memory",
                    retryAfter: 5)
            }
            throw APIError("the body is \(error)", code: "invalid_json")
        }
    }

    /// Throws if the body has too many values or levels, whether or not it is JSON otherwise.
    private static func check(_ body: [UInt8]) throws(APIError) {
        var values = 1, depth = 0, isInString = false, isEscaped = false
        for byte in body {
            if isInString {
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    isInString = false
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): isInString = true
            case UInt8(ascii: "["), UInt8(ascii: "{"):
                depth += 1
                values += 1
            case UInt8(ascii: "]"), UInt8(ascii: "}"): depth -= 1
            case UInt8(ascii: ","): values += 1
            default: break
            }
            guard depth <= depthLimit else {
                throw APIError("the body has more than \(depthLimit) levels of arrays and objects", code: "invalid_json")
            }
            guard values <= valueLimit else {
                throw APIError("the body has more than \(valueLimit) values; send fewer", code: "invalid_json")
            }
        }
    }
}
