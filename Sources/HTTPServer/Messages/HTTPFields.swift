/// The fields of a head (also called headers): names and values, in order.
package struct HTTPFields: Sendable {
    /// All of them; a name may be there more than once.
    package var fields: [(name: String, value: String)]

    /// Fields in this order.
    package init(_ fields: [(String, String)] = []) { self.fields = fields.map { (name: $0.0, value: $0.1) } }

    /// Fields in the order of a literal: `HTTPFields(["Content-Type": "text/plain"])`.
    package init(_ fields: KeyValuePairs<String, String>) { self.fields = fields.map { (name: $0.key, value: $0.value) } }

    /// The first value of a name, in whatever case.
    package subscript(name: String) -> String? { fields.first { $0.name.isField(name) }?.value }

    /// All values of a name, in whatever case.
    package func values(of name: String) -> [String] { fields.filter { $0.name.isField(name) }.map(\.value) }

    /// Adds a field to the end.
    package mutating func append(_ name: String, _ value: String) { fields.append((name: name, value: value)) }
}

extension HTTPFields: Equatable {
    /// True for the same fields in the same order; the case of names counts.
    package static func == (left: HTTPFields, right: HTTPFields) -> Bool {
        left.fields.elementsEqual(right.fields) { $0 == $1 }
    }
}

extension HTTPFields: ExpressibleByDictionaryLiteral {
    /// Fields in the order of a literal.
    package init(dictionaryLiteral elements: (String, String)...) { self.init(elements) }
}

extension String {
    /// True if both are the same but for the case of ASCII's letters, the only ones that names of fields have.
    func isField(_ other: String) -> Bool {
        utf8.count == other.utf8.count && utf8.elementsEqual(other.utf8) { $0.lowercasedASCII == $1.lowercasedASCII }
    }
}

extension UInt8 {
    fileprivate var lowercasedASCII: UInt8 { (0x41...0x5A).contains(self) ? self | 0x20 : self }
}
