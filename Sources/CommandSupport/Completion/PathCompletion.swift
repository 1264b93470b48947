import Files
import Glibc

/// The files and folders that the beginning of a path may become.
public enum PathCompletion {
    /// One of them.
    public struct Item {
        /// The whole path, in the way in which its beginning was written.
        public let path: String
        /// What is new to the reader: its name.
        public let name: String
        /// True for a folder.
        public let isFolder: Bool
    }

    /// Those whose paths begin with `prefix`, by name; hidden ones only for a name that begins with a full stop. None of a folder that
    /// can't be read, and none with signs in their names that a line can't have.
    public static func items(_ prefix: String) -> [Item] {
        let start = prefix.lastIndex(of: "/").map { prefix[...$0] } ?? ""
        let name = prefix[start.endIndex...]
        guard let folder = Folder(existing: start.isEmpty ? "." : expanded(String(start))) else { return [] }
        return folder.items().filter { item in
            item.name.hasPrefix(name) && item.name.hasPrefix(".") == name.hasPrefix(".")
                && item.name.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }
        }.sorted { $0.name < $1.name }.map { Item(path: start + $0.name, name: $0.name, isFolder: $0.isFolder) }
    }

    /// A path with the user's home folder in place of the `~` at its start, which no shell has replaced.
    public static func expanded(_ path: String) -> String {
        guard path == "~" || path.hasPrefix("~/"), let home = getenv("HOME") else { return path }
        return String(cString: home) + path.dropFirst()
    }
}
