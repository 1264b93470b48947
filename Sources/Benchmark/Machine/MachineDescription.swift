import Glibc
import System

/// The machine that figures are of.
public struct MachineDescription: Equatable, Sendable {
    /// The processor's name, or the board's where Linux has none for it.
    public let processor: String
    let cacheBytes: Int
    /// Bytes that the read bandwidth is measured with.
    public let bufferBytes: Int
    /// True if most of that memory is on huge pages.
    public let isBufferOnHugePages: Bool

    /// This machine.
    public init(buffer: StreamBuffer) {
        processor = Self.processor
        cacheBytes = MachineMemory.lastLevelCacheBytes
        bufferBytes = buffer.byteCount
        isBufferOnHugePages = buffer.isOnHugePages
    }

    /// This processor's name, or the board's where Linux has none for it.
    static var processor: String {
        SystemFile.text(after: "model name\t:", in: "/proc/cpuinfo")
            ?? SystemFile.firstLine("/proc/device-tree/model").map { String($0.prefix { $0 != "\0" }) } ?? "unknown"
    }

    init(processor: String, cacheBytes: Int, bufferBytes: Int, isBufferOnHugePages: Bool) {
        self.processor = processor
        self.cacheBytes = cacheBytes
        self.bufferBytes = bufferBytes
        self.isBufferOnHugePages = isBufferOnHugePages
    }
}

/// The time of day as ISO 8601 has it, in UTC: `2026-11-24T20:15:00Z`.
enum Calendar {
    static var now: String {
        var seconds = time(nil)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 32) { buffer in
            guard let start = buffer.baseAddress, strftime(start, buffer.count, "%Y-%m-%dT%H:%M:%SZ", &parts) > 0 else { return "" }
            return String(cString: start)
        }
    }
}
