import Glibc

/// What the system has of memory.
public enum SystemMemory {
    /// True if the system would now give `count` bytes, and some that the C library takes in reserve. Takes nothing.
    ///
    /// To be asked before a call of a library that breaks where malloc(3) refuses. Another thread may take it in between.
    public static func has(_ count: Int) -> Bool {
        let (total, overflow) = count.addingReportingOverflow(2 << 20)
        guard !overflow,
            let start = mmap(nil, total, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), start != MAP_FAILED
        else { return false }
        munmap(start, total)
        return true
    }
}
