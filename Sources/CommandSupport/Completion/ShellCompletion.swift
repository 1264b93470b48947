import ArgumentParser

/// What shells are offered for the beginning of a word, as their scripts, which ArgumentParser writes, take it.
public enum ShellCompletion {
    /// The words among some that begin with `prefix`.
    public static func words(_ words: [String], _ prefix: String) -> [String] { words.filter { $0.hasPrefix(prefix) }.map(quoted) }

    /// Files with one of these endings, all if there is none, and folders; only these for the ending `/`.
    public static func paths(_ prefix: String, endings: [String] = []) -> [String] {
        PathCompletion.items(prefix).filter { item in
            item.isFolder || endings.isEmpty || endings.contains { item.name.hasSuffix($0) }
        }.map { item in
            // bash puts a slash behind folders itself, and then no space.
            quoted(item.isFolder && CompletionShell.requesting != .bash ? item.path + "/" : item.path)
        }
    }

    /// The script for bash has `compgen -W` expand each word as a shell does, commands in it included; that for zsh takes what is
    /// behind a colon for a description.
    private static func quoted(_ word: String) -> String {
        func replacing(_ sign: Character, by text: String) -> String {
            word.split(separator: sign, omittingEmptySubsequences: false).joined(separator: text)
        }
        return switch CompletionShell.requesting {
        case .bash: "'" + replacing("'", by: "'\\''") + "'"
        case .zsh: replacing(":", by: "\\:")
        default: word
        }
    }
}
