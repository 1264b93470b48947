import CLinux
import Glibc

/// Has the disk take what is written to a file while more is written, from its front to its end.
///
/// Left alone, the system keeps it all in its file cache: it finds memory for a large file, which may take longer than writing it
/// (on a virtual machine whose memory its host has to get first: 6 s instead of 0.9 s for 2.9 GB), pushes out what other programs
/// had there, and leaves the waiting to the end, when nobody sees how long it will take. So every ``step`` goes to the disk at
/// once. What the disk has by the time ``cachedBytes`` more are written leaves the cache, and its pages take what comes next. A
/// slow disk has nothing of the file by then, and the file stays in the cache; but never more than about ``unwrittenBytes`` are
/// waiting.
///
/// (Past the cache, with O_DIRECT, 2.9 GB take as long and 0.1 s of the processor's time instead of 0.8 s. But they then have to be
/// copied into aligned buffers, and not every file system can do that.)
struct WriteBehind {
    /// Bytes that are handed to the disk together.
    static let step = 4 << 20
    /// How far behind the end the cache is told to let go of what the disk has.
    static let cachedBytes = 16 * step
    /// How far behind the end the disk is waited for.
    static let unwrittenBytes = 32 * step

    /// Bytes from the front of the file that were handed to the disk: a multiple of ``step``.
    private var startedBytes = 0

    /// Says that a file has been written up to `end`, with holes or not. Returns 0, or the errno with which writing an earlier part
    /// to the disk has failed: fsync(2) will not report it again.
    mutating func advance(to end: Int, of descriptor: Int32) -> Int32 {
        while end - startedBytes >= Self.step {
            let start = startedBytes
            startedBytes += Self.step
            // Both are advice: nothing depends on them, and not every file system takes it.
            _ = clinux_start_writing(descriptor, Int64(start), Int64(Self.step))
            if start >= Self.cachedBytes {
                _ = posix_fadvise(descriptor, off_t(start - Self.cachedBytes), off_t(Self.step), POSIX_FADV_DONTNEED)
            }
            if start >= Self.unwrittenBytes {
                let code = Self.wait(descriptor, from: start - Self.unwrittenBytes)
                guard code == 0 else { return code }
            }
        }
        return 0
    }

    /// Waits until the disk has a step of the file. Returns 0, or an errno that says that writing has failed.
    private static func wait(_ descriptor: Int32, from start: Int) -> Int32 {
        let code = clinux_wait_for_writing(descriptor, Int64(start), Int64(step))
        // No other error is possible here.
        return [EIO, ENOSPC, EDQUOT].contains(code) ? code : 0
    }
}
