import JSON

/// What references in a schema can lead to: schemas with an `$id` or an anchor, by their names.
struct SchemaResources: Sendable {
    /// Schemas with an `$id` of their own, and the whole.
    private var roots: [URIReference: SchemaPart] = [:]
    private var anchors: [URIReference: SchemaPart] = [:]
    /// The names that hold from a path on.
    private var bases: [String: URIReference] = [:]

    /// `isOld`: until draft 7 an `$id` that is a fragment was an anchor, and one beside `$ref` was nothing; until draft 4 it was called `id`.
    init(_ root: JSONValue, isOld: Bool, idName: String) {
        var pending = [(part: SchemaPart(value: root, path: ""), base: URIReference(""))]
        roots[URIReference("")] = pending[0].part
        bases[""] = URIReference("")
        while let (part, outer) = pending.popLast() {
            guard case .object(let object) = part.value else { continue }
            var base = outer
            if let id = object[idName]?.stringValue, !isOld || object["$ref"] == nil {
                let uri = URIReference(id).resolved(against: outer)
                if isOld, id.hasPrefix("#") {
                    anchors[uri] = part
                } else {
                    base = uri.withoutFragment
                    roots[base] = part
                    bases[part.path] = base
                }
            }
            for key in ["$anchor", "$dynamicAnchor"] {
                guard let name = object[key]?.stringValue else { continue }
                var uri = base
                uri.fragment = name
                anchors[uri] = part
            }
            pending += Self.children(object, part).map { ($0, base) }
        }
    }

    /// The schemas in a schema. What stands elsewhere, as in `const`, has no names.
    private static func children(_ object: JSONObject, _ part: SchemaPart) -> [SchemaPart] {
        var result: [SchemaPart] = []
        for member in object.members {
            let here = part.child(member.key, value: member.value)
            if maps.contains(member.key) {
                result += (member.value.objectValue?.members ?? []).map { here.child($0.key, value: $0.value) }
            } else if applicators.contains(member.key) {
                result += member.value.arrayValue?.enumerated().map { here.child(String($0), value: $1) } ?? [here]
            }
        }
        return result
    }

    private static let maps: Set = ["$defs", "definitions", "properties", "patternProperties", "dependentSchemas", "dependencies"]
    private static let applicators: Set = [
        "allOf", "anyOf", "oneOf", "not", "if", "then", "else", "items", "prefixItems", "additionalItems", "additionalProperties",
        "propertyNames", "contains", "unevaluatedItems", "unevaluatedProperties", "contentSchema",
    ]

    /// The schema whose fragment a reference at a path means, and the fragment if it is a JSON pointer to go on with. Nil if it is not in
    /// this schema.
    func find(_ reference: String, at path: String) -> (part: SchemaPart, pointer: String)? {
        let uri = URIReference(reference).resolved(against: base(of: path))
        let fragment = uri.fragment ?? ""
        if let part = anchors[uri], !fragment.isEmpty { return (part, "") }
        guard let root = roots[uri.withoutFragment], fragment.isEmpty || fragment.hasPrefix("/") else { return nil }
        return (root, fragment)
    }

    private func base(of path: String) -> URIReference {
        var path = Substring(path)
        while true {
            if let base = bases[String(path)] { return base }
            guard let slash = path.lastIndex(of: "/") else { return URIReference("") }
            path = path[..<slash]
        }
    }
}
