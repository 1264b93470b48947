import Glibc

/// The processors that this process may use.
public enum ProcessorCount {
    /// Physical cores that this process may use: its affinity mask, siblings of one core counted once, and at most the quota of its
    /// control group, rounded up. At least 1. The default number of threads: a second thread on a core has no arithmetic units or
    /// bandwidth of its own.
    public static let usableCores: Int = {
        let cores = Set(allowedProcessors().map(core(of:))).count
        return max(1, min(cores, controlGroupQuota() ?? cores))
    }()

    /// Numbers of the processors in the affinity mask of this process: `Cpus_allowed_list` of `/proc/self/status`, as in `0-3,7`.
    private static func allowedProcessors() -> [Int] {
        let name = "Cpus_allowed_list:"
        guard let line = text("/proc/self/status")?.split(separator: "\n").first(where: { $0.hasPrefix(name) }) else {
            return Array(0..<max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))))
        }
        return line.dropFirst(name.count).split(separator: ",").flatMap { part -> [Int] in
            let ends = part.split(separator: "-").compactMap { Int($0.drop { $0 == " " || $0 == "\t" }) }
            guard let first = ends.first, let last = ends.last, first <= last, last < 1 << 16 else { return [] }
            return Array(first...last)
        }
    }

    /// A name for the core of a processor: the list of the processors on it, or the processor itself where Linux doesn't say.
    private static func core(of processor: Int) -> String {
        let folder = "/sys/devices/system/cpu/cpu\(processor)/topology/"
        return firstLine(folder + "core_cpus_list") ?? firstLine(folder + "thread_siblings_list") ?? String(processor)
    }

    /// Whole processors that the control group (version 2, then 1) allows; nil where there is no limit.
    private static func controlGroupQuota() -> Int? {
        let root = "/sys/fs/cgroup/"
        var folder = ownControlGroup() ?? ""
        // A limit of any group above counts as well.
        var quota: Int?
        while true {
            if let words = firstLine(root + folder + "/cpu.max")?.split(separator: " "), words.count == 2,
                let allowed = processors(time: words[0], period: words[1])
            {
                quota = min(quota ?? allowed, allowed)
            }
            guard let slash = folder.lastIndex(of: "/") else { break }
            folder = String(folder[..<slash])
        }
        if quota == nil, let time = firstLine(root + "cpu/cpu.cfs_quota_us"), let period = firstLine(root + "cpu/cpu.cfs_period_us") {
            quota = processors(time: Substring(time), period: Substring(period))
        }
        return quota
    }

    /// The path of this process's group below the root, version 2: the line `0::/path` of `/proc/self/cgroup`.
    private static func ownControlGroup() -> String? {
        firstLine("/proc/self/cgroup").flatMap { $0.hasPrefix("0::") ? String($0.dropFirst(3)) : nil }
    }

    private static func processors(time: Substring, period: Substring) -> Int? {
        guard let time = Int(time), let period = Int(period), time > 0, period > 0 else { return nil }
        return (time - 1) / period + 1
    }

    /// The first line of a file; nil if there is none.
    private static func firstLine(_ path: String) -> String? {
        text(path)?.split(separator: "\n").first.map(String.init)
    }

    /// The start of a file; nil if it can't be read.
    private static func text(_ path: String) -> String? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var buffer = [UInt8](repeating: 0, count: 8192)
        let count = read(file, &buffer, buffer.count)
        return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
    }
}
