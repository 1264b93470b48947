import Glibc

/// Memory that the system may refuse without ending the process; if it refuses Swift's own allocations, the process ends.
public enum SystemMemory {
    /// `count` zeros, at least one, to be given back by free(3); nil if there is no memory for them.
    public static func zeroed<Element: BitwiseCopyable>(_ type: Element.Type, count: Int) -> UnsafeMutablePointer<Element>? {
        calloc(max(1, count), MemoryLayout<Element>.stride)?.assumingMemoryBound(to: type)
    }

    /// True if the system would now give `count` bytes, and what the C library takes in reserve. Takes nothing.
    ///
    /// To be asked before a call of a library that breaks if malloc(3) refuses. Another thread may take the memory in between.
    public static func has(_ count: Int) -> Bool {
        let (total, overflow) = count.addingReportingOverflow(2 << 20)
        guard !overflow,
            let start = mmap(nil, total, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), start != MAP_FAILED
        else { return false }
        munmap(start, total)
        return true
    }
}
