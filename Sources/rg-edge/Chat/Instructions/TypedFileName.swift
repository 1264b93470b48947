/// The name of a file as people type it after an instruction: as it is, in quotes, or with backslashes before its spaces.
enum TypedFileName {
    /// What a backslash takes the meaning from.
    static let escapable: Set<Character> = [" ", "\\", "\"", "'"]

    /// A name as far as it has been typed.
    struct Beginning: Equatable {
        var name = ""
        /// The quote that it is in.
        var quote: Character?
        /// True if that has been closed.
        var isClosed = false
        /// What comes after it.
        var rest = ""
    }

    /// The name that a text stands for, spaces at the ends of which count for nothing; nil for an empty one. Spaces in the middle are
    /// part of it even without quotes.
    static func name(_ text: String) throws(ChatInstruction.Mistake) -> String? {
        let typed = beginning(text)
        if let quote = typed.quote, !typed.isClosed {
            throw ChatInstruction.Mistake(description: "the quote before the file's name has no \(quote) after it")
        }
        guard typed.rest.allSatisfy({ $0 == " " }) else {
            throw ChatInstruction.Mistake(description: "there is text after the file's name; put quotes around all of it")
        }
        return typed.name.isEmpty ? nil : typed.name
    }

    /// Reads what has been typed.
    static func beginning(_ text: String) -> Beginning {
        var typed = Beginning()
        var characters = text[...]
        if let first = characters.first, first == "\"" || first == "'" {
            typed.quote = first
            characters.removeFirst()
        }
        while let character = characters.popFirst() {
            if character == typed.quote {
                typed.isClosed = true
                typed.rest = String(characters)
                break
            } else if character == "\\", typed.quote != "'", let next = characters.first, isEscapable(next, in: typed.quote) {
                typed.name.append(next)
                characters.removeFirst()
            } else {
                typed.name.append(character)
            }
        }
        return typed
    }

    private static func isEscapable(_ character: Character, in quote: Character?) -> Bool {
        quote == nil ? escapable.contains(character) : character == quote || character == "\\"
    }
}
