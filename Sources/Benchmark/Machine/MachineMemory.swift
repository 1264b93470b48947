import System

/// Caches and huge pages of the machine.
enum MachineMemory {
    /// Bytes of the largest cache of processor 0; 32 MiB where Linux doesn't say, which is more than small computers have.
    static var lastLevelCacheBytes: Int {
        let folder = "/sys/devices/system/cpu/cpu0/cache/index"
        let sizes = (0..<8).compactMap { SystemFile.firstLine("\(folder)\($0)/size").flatMap(bytes) }
        return min(sizes.max() ?? 32 << 20, 1 << 34)
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
