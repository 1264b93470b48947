/// The control groups of a process: how many processors' time they allow it, and how much memory they leave (cgroups(7)).
package struct ControlGroups {
    /// Folders of the groups of one controller, version 2 or 1: each with the folder of its hierarchy's root.
    private typealias Folders = [(root: String, path: Substring)]
    private let processorFolders: Folders
    private let memoryFolders: Folders

    /// The groups of this process.
    package static var own: ControlGroups { ControlGroups(SystemFile.text("/proc/self/cgroup") ?? "") }

    /// The groups of a process whose `/proc/PID/cgroup` has these lines, `NUMBER:CONTROLLERS:PATH`; hierarchies are mounted in
    /// `root`.
    ///
    /// Version 2 has number 0 and no controllers. Version 1 has one hierarchy per line, in the folder named after its controllers.
    /// A container sees its own group as the root, but may be told the path outside: if there is no such folder, the root counts.
    package init(_ lines: String, root: String = "/sys/fs/cgroup") {
        func folders(of controller: Substring) -> Folders {
            lines.split(separator: "\n").compactMap { line in
                let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
                guard parts.count == 3 else { return nil }
                if parts[0] == "0", parts[1].isEmpty { return (root, parts[2]) }
                return parts[1].split(separator: ",").contains(controller) ? (root + "/" + parts[1], parts[2]) : nil
            }
        }
        processorFolders = folders(of: "cpu")
        memoryFolders = folders(of: "memory")
    }

    /// Processors, rounded up: the smallest limit of the groups and of all above them; nil if there is none.
    package var processors: Int? { Self.least(processorFolders, Self.processors(in:)) }

    /// Bytes that the process may still take: the least of what the groups and all above them leave, the file cache that the
    /// system can take back counted as free; nil if there is no limit.
    package var memory: Int? { Self.least(memoryFolders, Self.memory(in:)) }

    /// The least value of the groups and of all above them.
    private static func least(_ folders: Folders, _ value: (_ folder: String) -> Int?) -> Int? {
        var least: Int?
        for (root, path) in folders {
            var path = path
            while true {
                if let limit = value(root + path) { least = min(least ?? limit, limit) }
                guard let slash = path.lastIndex(of: "/") else { break }
                path = path[..<slash]
            }
        }
        return least
    }

    // MARK: - Processors

    /// The limit of a group: the time of all processors that it has in a period, divided by that period.
    private static func processors(in folder: String) -> Int? {
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

    // MARK: - Memory

    /// What a group leaves of its limit. Above `memory.high` the system doesn't refuse, but slows the process down.
    private static func memory(in folder: String) -> Int? {
        let limits = ["memory.max", "memory.high"].compactMap { number(folder + "/" + $0) }
        if let limit = limits.min() {
            guard let used = number(folder + "/memory.current") else { return nil }
            return left(of: limit, used: used, cache: cache(folder, prefix: ""))
        }
        guard let limit = number(folder + "/memory.limit_in_bytes"), let used = number(folder + "/memory.usage_in_bytes"),
            // What version 1 has for "no limit".
            limit < 1 << 60
        else { return nil }
        return left(of: limit, used: used, cache: cache(folder, prefix: "total_"))
    }

    /// Bytes of files in the cache that the system may take back.
    private static func cache(_ folder: String, prefix: String) -> Int {
        ["active_file ", "inactive_file "].reduce(0) {
            $0 + max(0, SystemFile.number(after: prefix + $1, in: folder + "/memory.stat") ?? 0)
        }
    }

    private static func left(of limit: Int, used: Int, cache: Int) -> Int {
        let (taken, overflow) = used.subtractingReportingOverflow(cache)
        return overflow ? 0 : max(0, limit - max(0, taken))
    }

    /// The number that is all of a file; nil for the word `max`, and for what is below 0.
    private static func number(_ path: String) -> Int? {
        SystemFile.firstLine(path).flatMap { Int($0) }.flatMap { $0 >= 0 ? $0 : nil }
    }
}
