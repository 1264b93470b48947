import JSON

/// Values, each once, as `enum` has them; equal as JSON Schema has it: 1 is 1.0, and the order of members is nothing.
struct ValueList: Sendable, Sequence {
    private(set) var values: [JSONValue] = []
    private var identities: Set<[UInt8]> = []

    init(_ values: [JSONValue] = []) { insert(values) }

    mutating func insert(_ more: some Sequence<JSONValue>) {
        for value in more where identities.insert(Self.identity(value)).inserted { values.append(value) }
    }

    func contains(_ value: JSONValue) -> Bool { identities.contains(Self.identity(value)) }

    var count: Int { values.count }

    func makeIterator() -> IndexingIterator<[JSONValue]> { values.makeIterator() }

    mutating func formIntersection(_ other: ValueList) {
        values = values.filter(other.contains)
        identities.formIntersection(other.identities)
    }

    /// Bytes that equal values share, and no others. (Comparing strings would not do: Swift's are equal if they look the same.) Values are
    /// no deeper than ``JSONValue/depthLimit``.
    private static func identity(_ value: JSONValue) -> [UInt8] {
        var bytes: [UInt8] = []
        append(value, to: &bytes)
        return bytes
    }

    private static func append(_ value: JSONValue, to bytes: inout [UInt8]) {
        switch value {
        case .null: bytes += "null".utf8
        case .bool(let value): bytes += (value ? "true" : "false").utf8
        case .integer, .real:
            guard let number = Decimal(value) else {
                bytes += (value.doubleValue ?? 0).description.utf8
                return
            }
            bytes += (number.isNegative ? "-" : "").utf8
            bytes += number.whole.map { $0 + 0x30 }
            bytes += ".".utf8
            bytes += number.fraction.map { $0 + 0x30 }
        case .string(let text): bytes += JSONForm.text(text)
        case .array(let elements):
            bytes += "[".utf8
            for element in elements {
                append(element, to: &bytes)
                bytes += ",".utf8
            }
            bytes += "]".utf8
        case .object(let object):
            let members = object.members.map { member in
                var bytes = JSONForm.text(member.key)
                append(member.value, to: &bytes)
                return bytes
            }
            bytes += "{".utf8
            for member in members.sorted(by: { $0.lexicographicallyPrecedes($1) }) { bytes += member }
            bytes += "}".utf8
        }
    }
}
