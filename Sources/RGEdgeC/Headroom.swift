import CRGEdge
import Glibc

/// Asks the system for memory before it is needed: Swift ends the process where one of its own allocations is refused.
enum Headroom {
    /// What a call may need besides what is named.
    private static let slack = 256 << 10

    /// Throws unless the system would now give so many bytes, and address space for a file of `mapped` bytes besides.
    static func require(_ bytes: Int, mapped: Int = 0, for purpose: String) throws(Failure) {
        func reserve(_ count: Int, _ protection: Int32, _ flags: Int32) -> UnsafeMutableRawPointer? {
            let start = mmap(nil, count, protection, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0)
            return start == MAP_FAILED ? nil : start
        }
        let (total, overflow) = bytes.addingReportingOverflow(slack)
        let memory = overflow ? nil : reserve(total, PROT_READ | PROT_WRITE, 0)
        defer { if let memory { munmap(memory, total) } }
        let space = mapped > 0 ? reserve(mapped, PROT_NONE, Int32(MAP_NORESERVE)) : nil
        defer { if let space { munmap(space, mapped) } }
        guard memory != nil, space != nil || mapped <= 0 else {
            throw Failure(RG_ERROR_MEMORY, "no memory \(purpose); close other programs, or raise \"ulimit -v\" (errno \(ENOMEM))")
        }
    }
}
