import Glibc
import Synchronization

/// The path of a temporary or of a ``FileLock``, known to ``AtomicFile/removeUnfinished()`` until it is forgotten.
struct UnfinishedFile {
    /// How the name of a temporary ends: with a point and 16 hexadecimal digits before.
    private static let suffix = ".partial"

    /// True for the name of a temporary.
    static func isName(_ name: String) -> Bool {
        guard name.hasPrefix("."), name.hasSuffix(suffix) else { return false }
        let digits = name.utf8.dropLast(suffix.utf8.count).suffix(17)
        return digits.count == 17 && digits.first == UInt8(ascii: ".")
            && digits.dropFirst().allSatisfy { "0123456789abcdef".utf8.contains($0) }
    }

    /// A C string; valid until ``forget()``.
    let path: UnsafeMutablePointer<CChar>
    /// Where it is registered; nil if more files are unfinished than can be.
    private let slot: Int?

    /// More than any command writes at once; a file that finds no slot is still removed by its owner. (`InlineArray` is not
    /// declared `Sendable` in Swift 6.3; its atomics are.)
    fileprivate nonisolated(unsafe) static let slots = InlineArray<16, Atomic<UnsafeMutablePointer<CChar>?>> { _ in Atomic(nil) }

    /// A new path that begins with `prefix`.
    init(prefix: String) { self.init(path: prefix + UInt64.random(in: 0...UInt64.max).hexadecimal + Self.suffix) }

    init(path: String) {
        let bytes = path.utf8CString
        let copy = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count)
        _ = UnsafeMutableBufferPointer(start: copy, count: bytes.count).initialize(fromContentsOf: bytes)
        self.path = copy
        slot = Self.slots.indices.first {
            Self.slots[$0].compareExchange(expected: nil, desired: copy, ordering: .acquiringAndReleasing).exchanged
        }
    }

    /// Takes the path off the list and frees it. If a signal handler has taken it before, it is still reading it: then it leaks,
    /// in a process that is about to end.
    func forget() {
        if let slot {
            let isOurs = Self.slots[slot].compareExchange(expected: path, desired: nil, ordering: .acquiringAndReleasing).exchanged
            guard isOurs else { return }
        }
        path.deallocate()
    }
}

extension AtomicFile {
    /// Removes the temporaries of all files that are not yet committed, if they have names, and the files of locks, for the signal
    /// handler of a process that is about to end. It only exchanges atomics and calls unlink(2), so that any handler may call it:
    ///
    ///     AtomicFile.prepareRemoval()
    ///     signal(SIGINT) { number in
    ///         AtomicFile.removeUnfinished()
    ///         signal(number, SIG_DFL)
    ///         raise(number)
    ///     }
    public static func removeUnfinished() {
        for slot in UnfinishedFile.slots.indices {
            if let path = UnfinishedFile.slots[slot].exchange(nil, ordering: .acquiringAndReleasing) { unlink(path) }
        }
    }
    /// To be called before a handler of ``removeUnfinished()`` is installed: Swift makes the list at its first use, which a handler
    /// mustn't interrupt.
    public static func prepareRemoval() { _ = UnfinishedFile.slots[0].load(ordering: .relaxed) }
}
