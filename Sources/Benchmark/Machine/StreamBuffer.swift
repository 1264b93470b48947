import Glibc
import System

/// Memory to stream through, so large that no cache helps, on huge pages if the system gives them.
///
/// Read bandwidth is measured here and the kernels' matrices lie here, so that both read the same memory.
public final class StreamBuffer: @unchecked Sendable {
    /// The first byte, which begins a page.
    public let start: UnsafeMutableRawPointer
    /// Bytes from ``start`` on.
    public let byteCount: Int
    /// True if most of it is on huge pages.
    public let isOnHugePages: Bool
    private let mapping: UnsafeMutableRawPointer
    private let mappedBytes: Int

    /// What is taken where memory is not short.
    public static let wantedBytes = 1 << 30
    private static let hugePage = 2 << 20

    /// The size to take so that `reserved` bytes besides, a model's, stay in memory: ``wantedBytes``, or half of what is left, but
    /// never less than four times the last cache.
    public static func suitableBytes(reserved: Int = 0) -> Int {
        suitableBytes(
            available: ProcessMemory.available ?? wantedBytes, reserved: reserved, cache: MachineMemory.lastLevelCacheBytes)
    }

    static func suitableBytes(available: Int, reserved: Int, cache: Int) -> Int {
        let bytes = max(4 * cache, min(wantedBytes, (available - reserved) / 2))
        return (bytes + hugePage - 1) / hugePage * hugePage
    }

    /// Takes memory and writes to all of it. Nil if the system has none.
    public init?(byteCount: Int) {
        let before = MachineMemory.hugePageBytes
        mappedBytes = byteCount + Self.hugePage
        guard let mapping = mmap(nil, mappedBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
            mapping != MAP_FAILED
        else { return nil }
        self.mapping = mapping
        start = mapping.alignedUp(toMultipleOf: Self.hugePage)
        self.byteCount = byteCount
        madvise(start, byteCount, MADV_HUGEPAGE)
        // Unwritten pages would all be the one page of zeros, which a cache holds.
        memset(start, 0x55, byteCount)
        isOnHugePages = MachineMemory.hugePageBytes - before > byteCount / 2
    }

    deinit { munmap(mapping, mappedBytes) }
}
