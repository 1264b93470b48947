import Glibc
import System

/// The processors that this process may use.
public enum ProcessorCount {
    /// Physical cores that this process may use: its affinity mask, siblings of one core counted once, and at most the quota of its
    /// control group, rounded up. At least 1. The default number of threads: a second thread on a core has no arithmetic units or
    /// bandwidth of its own.
    public static let usableCores: Int = {
        let cores = Set(allowedProcessors().map(core(of:))).count
        return max(1, min(cores, ControlGroups.own.processors ?? cores))
    }()

    /// Numbers of the processors in the affinity mask of this process: `Cpus_allowed_list` of `/proc/self/status`, as in `0-3,7`.
    static func allowedProcessors() -> [Int] {
        guard let list = SystemFile.text(after: "Cpus_allowed_list:", in: "/proc/self/status") else {
            return Array(0..<max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))))
        }
        return list.split(separator: ",").flatMap { part -> [Int] in
            let ends = part.split(separator: "-").compactMap { Int($0) }
            guard let first = ends.first, let last = ends.last, first <= last, last < 1 << 16 else { return [] }
            return Array(first...last)
        }
    }

    /// A name for the core of a processor: the list of the processors on it, or the processor itself where Linux doesn't say.
    private static func core(of processor: Int) -> String {
        let folder = "/sys/devices/system/cpu/cpu\(processor)/topology/"
        return SystemFile.firstLine(folder + "core_cpus_list") ?? SystemFile.firstLine(folder + "thread_siblings_list")
            ?? String(processor)
    }
}
