/// User-defined pieces are of two sorts. Some are text that the vocabulary's makers wanted whole: runs of line breaks and of
/// spaces, HTML tags. The others are control marks: `<start_of_turn>`, `<mask>`, `<unused12>`, `[@BOS@]`, `<2mass>`.
enum ControlMark {
    static let startOfTurn = "<start_of_turn>"
    static let endOfTurn = "<end_of_turn>"

    /// True for the name of a user-defined piece that is a control mark: for all except those known to be text, so that a mark that
    /// nobody has heard of stays out of users' hands. A single character is text.
    static func isMark(_ name: some BidirectionalCollection<UInt8>) -> Bool {
        !isCharacter(name) && !isWhitespace(name) && !isTag(name)
    }

    private static func isCharacter(_ name: some BidirectionalCollection<UInt8>) -> Bool {
        String(decoding: name, as: UTF8.self).unicodeScalars.count == 1
    }

    private static func isWhitespace(_ name: some BidirectionalCollection<UInt8>) -> Bool {
        String(decoding: name, as: UTF8.self).unicodeScalars.allSatisfy { $0 == Space.symbol || $0.properties.isWhitespace }
    }

    /// `<name>` or `</name>` of an HTML element that Gemma's vocabulary has.
    private static func isTag(_ name: some BidirectionalCollection<UInt8>) -> Bool {
        guard name.first == UInt8(ascii: "<"), name.last == UInt8(ascii: ">"), name.count > 2 else { return false }
        let inside = name.dropFirst().dropLast()
        let element = inside.first == UInt8(ascii: "/") ? inside.dropFirst() : inside
        return elements.contains(String(decoding: element, as: UTF8.self))
    }

    private static let elements: Set = [
        "table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote",
        "strong", "em", "b", "i", "u", "s", "sub", "sup", "code",
    ]
}
