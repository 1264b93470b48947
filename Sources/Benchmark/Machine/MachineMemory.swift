import Glibc
import System

/// What the machine and this process have in memory.
enum MachineMemory {
    /// Bytes that programs can still get, caches of files counted among them: `MemAvailable` (proc(5)), and at most half of what
    /// the control group allows. Nil if Linux doesn't say.
    static var availableBytes: Int? {
        let machine = SystemFile.number(after: "MemAvailable:", in: "/proc/meminfo").map { product($0, 1024) }
        let group = SystemFile.firstLine("/sys/fs/cgroup/memory.max").flatMap { Int($0) }.map { $0 / 2 }
        return [machine, group].compactMap(\.self).min()
    }

    /// Bytes of the largest cache of processor 0; 32 MiB where Linux doesn't say, which is more than small computers have.
    static var lastLevelCacheBytes: Int {
        let folder = "/sys/devices/system/cpu/cpu0/cache/index"
        let sizes = (0..<8).compactMap { SystemFile.firstLine("\(folder)\($0)/size").flatMap(bytes) }
        return min(sizes.max() ?? 32 << 20, 1 << 34)
    }

    /// Bytes of this process that are in memory: all of them, its part of mapped files included, and those that belong to no file.
    static var resident: (bytes: Int, privateBytes: Int) {
        // The second and third number of statm (proc(5)): resident pages, and those of them that belong to files.
        let fields = (SystemFile.firstLine("/proc/self/statm") ?? "").split(separator: " ")
        let pages = fields.dropFirst().prefix(2).map { Int($0) ?? 0 }
        guard pages.count == 2 else { return (0, 0) }
        let pageBytes = Int(getpagesize())
        return (product(pages[0], pageBytes), product(max(0, pages[0] - max(0, pages[1])), pageBytes))
    }

    /// Bytes of this process on huge pages.
    static var hugePageBytes: Int {
        product(SystemFile.number(after: "AnonHugePages:", in: "/proc/self/smaps_rollup") ?? 0, 1024)
    }

    /// The product of two numbers from the system, or the largest number if it overflows: containers are told anything.
    private static func product(_ count: Int, _ size: Int) -> Int {
        let (product, overflow) = count.multipliedReportingOverflow(by: size)
        return overflow ? .max : product
    }

    /// `48K` or `32M` in bytes.
    private static func bytes(_ size: String) -> Int? {
        switch size.last {
        case "K": Int(size.dropLast()).map { product($0, 1 << 10) }
        case "M": Int(size.dropLast()).map { product($0, 1 << 20) }
        default: Int(size)
        }
    }
}
