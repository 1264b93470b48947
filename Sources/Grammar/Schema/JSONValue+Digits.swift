import JSON

extension JSONValue {
    /// From here on a double doesn't keep each whole number: 2^53.
    static let exactLimit = 9_007_199_254_740_992.0

    /// Whether a number in it may have been another one in its text.
    var hasLostDigits: Bool {
        var rest = [self]
        while let value = rest.popLast() {
            switch value {
            case .real(let number): if number.magnitude >= Self.exactLimit { return true }
            case .array(let elements): rest += elements
            case .object(let object): rest += object.members.map(\.value)
            case .null, .bool, .integer, .string: break
            }
        }
        return false
    }
}
