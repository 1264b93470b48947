/// The members of a JSON object in the order in which they were written. Two objects are equal if their orders are, too.
///
/// A look-up by key takes time in proportion to the number of members: iterate over large objects.
public struct JSONObject: Equatable, Sendable {
    /// A key and its value.
    public struct Member: Equatable, Sendable {
        /// The name before the colon.
        public let key: String
        /// What stands after it.
        public var value: JSONValue

        /// A member of these.
        public init(key: String, value: JSONValue) {
            self.key = key
            self.value = value
        }
    }

    /// The members, in order.
    public private(set) var members: [Member]

    /// An object without members.
    public init() { members = [] }

    /// The object with those members. Keys must differ, as JSON has it: readers of a text in which two are the same disagree
    /// about its meaning.
    public init(_ members: [Member]) { self.members = members }

    /// The value of a key. Setting it replaces the member in its place or adds it at the end; setting nil removes the member.
    public subscript(key: String) -> JSONValue? {
        get { members.first { $0.key == key }?.value }
        set {
            let index = members.firstIndex { $0.key == key }
            switch (index, newValue) {
            case (let index?, let value?): members[index].value = value
            case (let index?, nil): members.remove(at: index)
            case (nil, let value?): members.append(Member(key: key, value: value))
            case (nil, nil): break
            }
        }
    }
}
