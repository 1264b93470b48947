import System

/// The control groups of a process, and how many processors' time they allow it (cgroups(7)).
struct ControlGroups {
    /// Folders of its groups whose limits count, version 2 or 1: each with the folder of its hierarchy's root.
    private let folders: [(root: String, path: Substring)]

    /// The groups of a process whose `/proc/PID/cgroup` has these lines, `NUMBER:CONTROLLERS:PATH`; hierarchies are mounted in
    /// `root`.
    ///
    /// Version 2 has number 0 and no controllers. Version 1 has one hierarchy per line, in the folder named after its controllers.
    /// A container sees its own group as the root, but may be told the path outside: if there is no such folder, the root counts.
    init(_ lines: String, root: String = "/sys/fs/cgroup") {
        folders = lines.split(separator: "\n").compactMap { line in
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3 else { return nil }
            if parts[0] == "0", parts[1].isEmpty { return (root, parts[2]) }
            return parts[1].split(separator: ",").contains("cpu") ? (root + "/" + parts[1], parts[2]) : nil
        }
    }

    /// Processors, rounded up: the smallest limit of the groups and of all above them; nil if there is none.
    var processors: Int? {
        var least: Int?
        for (root, path) in folders {
            var path = path
            while true {
                if let limit = Self.limit(root + path) { least = min(least ?? limit, limit) }
                guard let slash = path.lastIndex(of: "/") else { break }
                path = path[..<slash]
            }
        }
        return least
    }

    /// The limit of a group: the time of all processors that it has in a period, divided by that period.
    private static func limit(_ folder: String) -> Int? {
        if let words = SystemFile.firstLine(folder + "/cpu.max")?.split(separator: " "), words.count == 2 {
            return processors(time: String(words[0]), period: String(words[1]))
        }
        guard let time = SystemFile.firstLine(folder + "/cpu.cfs_quota_us"),
            let period = SystemFile.firstLine(folder + "/cpu.cfs_period_us")
        else { return nil }
        return processors(time: time, period: period)
    }

    private static func processors(time: String, period: String) -> Int? {
        guard let time = Int(time), let period = Int(period), time > 0, period > 0 else { return nil }
        return (time - 1) / period + 1
    }
}
