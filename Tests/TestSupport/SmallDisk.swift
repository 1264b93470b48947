import Glibc

/// A file system of its own in memory, for tests of full and read-only disks: root writes in any folder, so permissions won't do.
public final class SmallDisk: Sendable {
    /// True if this process may mount file systems: it is root, and no container forbids it.
    public static let isAvailable = (try? SmallDisk(byteCount: 1 << 16)) != nil

    /// Where it is mounted.
    public let path: String
    private let folder: TemporaryFolder

    public struct Failure: Error {}

    /// Mounts an empty disk with room for about `byteCount` bytes.
    public init(byteCount: Int) throws {
        folder = try TemporaryFolder()
        path = folder.path
        guard mount("tmpfs", path, "tmpfs", 0, "size=\(byteCount)") == 0 else { throw Failure() }
    }

    /// The path of something on the disk.
    public func file(_ name: String) -> String { path + "/" + name }

    /// From now on nothing can be written.
    public func makeReadOnly() throws {
        guard mount("tmpfs", path, "tmpfs", UInt(MS_REMOUNT | MS_RDONLY), nil) == 0 else { throw Failure() }
    }

    deinit { umount2(path, Int32(MNT_DETACH)) }
}
