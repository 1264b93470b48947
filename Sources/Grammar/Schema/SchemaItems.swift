import JSON

/// What a schema says about the items of an array, in the words of any draft: `prefixItems` and `items`, or until 2019 a list in `items`
/// and `additionalItems`, which says nothing without such a list.
struct SchemaItems {
    /// Of the first items, one each.
    var first: [SchemaPart] = []
    /// Of all others.
    var rest: SchemaPart?

    init(_ part: SchemaPart) {
        let items = part.value["items"].map { part.child("items", value: $0) }
        if let list = items?.value.arrayValue {
            first = list.enumerated().map { part.child("items", String($0), value: $1) }
            rest = part.value["additionalItems"].map { part.child("additionalItems", value: $0) }
        } else {
            let list = part.value["prefixItems"]?.arrayValue ?? []
            first = list.enumerated().map { part.child("prefixItems", String($0), value: $1) }
            rest = items
        }
    }
}
