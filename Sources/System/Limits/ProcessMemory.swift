import Glibc

/// What this process has in memory, and what it can still get.
package enum ProcessMemory {
    /// Bytes that the process can still get, caches of files counted as free: the machine's `MemAvailable` (proc(5)), or less where
    /// a control group limits it. Nil if Linux says neither.
    package static var available: Int? {
        let machine = SystemFile.number(after: "MemAvailable:", in: "/proc/meminfo").map { product($0, 1024) }
        // What no machine has is cut, so that sums don't overflow.
        return [machine, ControlGroups.own.memory].compactMap(\.self).min().map { min($0, 1 << 56) }
    }

    /// Bytes of this process that are in memory: all of them, its part of mapped files included, and those that belong to no file.
    package static var resident: (bytes: Int, privateBytes: Int) {
        // The second and third number of statm (proc(5)): resident pages, and those of them that belong to files.
        let fields = (SystemFile.firstLine("/proc/self/statm") ?? "").split(separator: " ")
        let pages = fields.dropFirst().prefix(2).map { Int($0) ?? 0 }
        guard pages.count == 2 else { return (0, 0) }
        let pageBytes = Int(getpagesize())
        return (product(pages[0], pageBytes), product(max(0, pages[0] - max(0, pages[1])), pageBytes))
    }

    /// Page faults so far that had to read from a disk, of all threads.
    package static var majorFaults: Int {
        var usage = rusage()
        return getrusage(RUSAGE_SELF.rawValue, &usage) == 0 ? usage.ru_majflt : 0
    }

    /// The product of two numbers from the system, or the largest number if it overflows: containers are told anything.
    private static func product(_ count: Int, _ size: Int) -> Int {
        let (product, overflow) = count.multipliedReportingOverflow(by: size)
        return overflow ? .max : product
    }
}
