import Glibc

/// What tells a file from another one, and from itself before it was written to.
public struct FileIdentity: Equatable, Sendable {
    /// Bytes of the file.
    let byteCount: Int
    private let device: UInt64
    private let number: UInt64
    private let modified: FileTime

    init(_ status: stat) {
        // File systems that are users' programs (FUSE) may report any size.
        byteCount = max(0, Int(status.st_size))
        device = UInt64(status.st_dev)
        number = UInt64(status.st_ino)
        modified = FileTime(status.st_mtim)
    }

    /// The identity of what is at a path now, following links; nil if nothing is found there.
    public init?(of path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        self.init(status)
    }

    /// True if both are the same file, whatever was written to it.
    func isSameFile(as other: FileIdentity) -> Bool { device == other.device && number == other.number }
}

/// A time as file systems keep it, from long before 1970 to long after.
struct FileTime: Comparable, Sendable {
    /// Since 1970.
    let seconds: Int
    let nanoseconds: Int

    init(_ time: timespec) {
        seconds = Int(time.tv_sec)
        nanoseconds = Int(time.tv_nsec)
    }

    /// Now, by the system's clock.
    static var now: FileTime {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return FileTime(time)
    }

    static func < (earlier: FileTime, later: FileTime) -> Bool {
        (earlier.seconds, earlier.nanoseconds) < (later.seconds, later.nanoseconds)
    }
}
