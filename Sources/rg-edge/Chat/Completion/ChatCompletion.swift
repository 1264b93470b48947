import CommandSupport

/// What the Tab key makes of an instruction that has begun: its name, the name of a setting, or that of a file.
enum ChatCompletion {
    /// Choices for the end of the text before the cursor; nil where there are none.
    static func complete(_ text: String) -> Completion? {
        guard text.hasPrefix("/") else { return nil }
        guard let space = text.firstIndex(of: " ") else { return names(ChatInstruction.names, beginning: text.dropFirst()) }
        let argument = text[space...].drop { $0 == " " }
        switch text[..<space] {
        case "/save", "/load": return TypedFileName.completion(String(argument))
        case "/set": return argument.contains(" ") ? nil : names(ChatSetting.allCases.map(\.rawValue), beginning: argument)
        default: return nil
        }
    }

    private static func names(_ names: [String], beginning start: Substring) -> Completion {
        Completion(
            replaced: start.count, candidates: names.filter { $0.hasPrefix(start) }.map { Completion.Candidate("\($0) ") })
    }
}
