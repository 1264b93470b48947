import Glibc

/// Memory that the system may refuse without ending the process, as Swift's own allocations do.
enum Memory {
    /// `count` zeros, at least one, to be given back by free(3); nil if there is no memory for them.
    static func zeroed<Element: BitwiseCopyable>(_ type: Element.Type, count: Int) -> UnsafeMutablePointer<Element>? {
        calloc(max(1, count), MemoryLayout<Element>.stride)?.assumingMemoryBound(to: type)
    }
}
