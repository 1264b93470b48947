/// Text from files and people as it may be shown: what would act on a terminal, or on how text around it is read, is escaped like
/// `\u{1B}`.
extension String {
    /// The text on one line: for messages, and for cells of tables.
    package var onOneLine: String { escaping(\.breaksLine) }

    /// The text with its line breaks and tabs: for a terminal.
    package var harmless: String { escaping { $0 != "\n" && $0 != "\t" && $0.isCommand } }

    /// Allocates only if there is something to escape.
    private func escaping(_ isEscaped: (Unicode.Scalar) -> Bool) -> String {
        guard unicodeScalars.contains(where: isEscaped) else { return self }
        var text = ""
        text.reserveCapacity(utf8.count + unicodeScalars.count(where: isEscaped) * #"\u{1B}"#.utf8.count)
        for scalar in unicodeScalars {
            if isEscaped(scalar) {
                text += scalar.escaped(asASCII: true)
            } else {
                text.unicodeScalars.append(scalar)
            }
        }
        return text
    }
}

extension Unicode.Scalar {
    /// True for control characters (C0, DEL and C1), and for those that show text in another order than it has (Unicode Standard
    /// Annex 9, explicit directional embeddings, overrides and isolates).
    package var isCommand: Bool {
        switch value {
        case 0x00...0x1F, 0x7F...0x9F, 0x202A...0x202E, 0x2066...0x2069: true
        default: false
        }
    }

    /// The same, and for line and paragraph separators.
    fileprivate var breaksLine: Bool { isCommand || value == 0x2028 || value == 0x2029 }
}
