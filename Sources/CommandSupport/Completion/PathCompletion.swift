import ArgumentParser
import Glibc

/// What a shell offers for the beginning of a path.
public enum PathCompletion {
    /// The files with one of these endings, all if there is none, and the folders whose paths begin with `prefix`, in order; for the
    /// ending `/` folders alone. Hidden ones only for a name that begins with a full stop; none of a folder that can't be read.
    public static func candidates(_ prefix: String, endings: [String] = []) -> [String] {
        let start = prefix.lastIndex(of: "/").map { prefix[...$0] } ?? ""
        let name = prefix[start.endIndex...]
        guard let directory = opendir(start.isEmpty ? "." : expanded(String(start))) else { return [] }
        defer { closedir(directory) }
        var candidates: [String] = []
        while let item = readdir(directory) {
            let found = withUnsafePointer(to: &item.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
            }
            guard found.hasPrefix(name), found != ".", found != "..", name.hasPrefix(".") || !found.hasPrefix(".") else { continue }
            var status = stat()
            guard fstatat(dirfd(directory), found, &status, 0) == 0 else { continue }
            if status.st_mode & S_IFMT == S_IFDIR {
                // bash puts the slash behind folders itself, and no space.
                candidates.append(start + found + (CompletionShell.requesting == .bash ? "" : "/"))
            } else if endings.isEmpty || endings.contains(where: found.hasSuffix) {
                candidates.append(start + found)
            }
        }
        return candidates.sorted()
    }

    /// A path with the home folder in place of the `~` at its start.
    public static func expanded(_ path: String) -> String {
        guard path == "~" || path.hasPrefix("~/"), let home = getenv("HOME") else { return path }
        return String(cString: home) + path.dropFirst()
    }
}
