import Files
import Glibc
import System

/// The folders in which model files are kept, so that they can be named without path and ending.
public struct ModelFolders: Sendable {
    /// A model file in one of the folders.
    public struct Entry: Sendable {
        /// Its name without `.rgq`.
        public let name: String
        /// Where it is.
        public let path: String
    }

    /// Where to look, in this order; folders that aren't there are passed over.
    public let paths: [String]

    /// These folders.
    public init(_ paths: [String]) { self.paths = paths }

    /// Those in RG_EDGE_MODELS, separated by colons; otherwise the user's, `$XDG_DATA_HOME/rg-edge` or `~/.local/share/rg-edge`
    /// (XDG Base Directory Specification 0.8), and the machine's, `/usr/local/share/rg-edge`.
    public static var usual: ModelFolders {
        func variable(_ name: String) -> String? {
            getenv(name).map { String(cString: $0) }.flatMap { $0.hasPrefix("/") ? $0 : nil }
        }
        if let given = getenv("RG_EDGE_MODELS") {
            return ModelFolders(String(cString: given).split(separator: ":").map(String.init))
        }
        let user = variable("XDG_DATA_HOME") ?? variable("HOME").map { $0 + "/.local/share" }
        return ModelFolders((user.map { [$0 + "/rg-edge"] } ?? []) + ["/usr/local/share/rg-edge"])
    }

    /// The models by name; of two with the same name the one that is found first. Folders that can't be read have none.
    public var entries: [Entry] {
        var entries: [String: Entry] = [:]
        for path in paths {
            guard let folder = Folder(existing: path), let files = try? folder.entries(followingLinks: true) else { continue }
            for file in files where file.name.hasSuffix(ModelFolders.ending) && !file.name.hasPrefix(".") {
                let name = String(file.name.dropLast(ModelFolders.ending.count))
                if entries[name] == nil { entries[name] = Entry(name: name, path: folder.file(file.name)) }
            }
        }
        return entries.values.sorted { $0.name < $1.name }
    }

    /// The model that is used where none is named: the one called `default`, or the only one there is.
    public var usualEntry: Entry? {
        let entries = entries
        return entries.first { $0.name == "default" } ?? (entries.count == 1 ? entries.first : nil)
    }

    /// The path of a model that is named as a file, or by its name in one of the folders. A file that is there goes first. Nil for a
    /// name that is neither.
    public func path(of name: String) -> String? {
        if name.contains("/") || access(name, F_OK) == 0 { return name }
        let entry = entries.first { $0.name == name || $0.name + ModelFolders.ending == name }
        // What looks like a file is looked for as one, so that the error is about a path.
        return entry?.path ?? (name.hasSuffix(ModelFolders.ending) ? name : nil)
    }

    /// What model files are called.
    static let ending = ".rgq"
}
