import CLinux
import Glibc
import Synchronization

/// Temporaries of processes that were killed.
enum Leftovers {
    /// The folder that was looked through last, as a hash of its path and identity: once is enough.
    private static let lastFolder = Atomic<Int>(0)

    /// Seconds. Where some machines may not see the locks, a temporary that was not written to for this long belongs to a dead
    /// process.
    private static let silence = 24 * 3600

    /// Removes the temporaries in a folder that no process holds, unless that was the last folder to be looked through by this
    /// process. What can't be read or removed is left.
    static func remove(from folder: String) {
        var status = stat()
        guard stat(folder, &status) == 0 else { return }
        // With its path: the number of a folder that was removed is soon that of another one.
        var hasher = Hasher()
        hasher.combine(folder)
        hasher.combine(UInt64(status.st_dev))
        hasher.combine(UInt64(status.st_ino))
        let identity = hasher.finalize()
        guard lastFolder.exchange(identity, ordering: .relaxed) != identity, let directory = opendir(folder) else { return }
        defer { closedir(directory) }
        while let item = readdir(directory) {
            let name = Folder.name(of: item)
            if UnfinishedFile.isName(name) { removeIfDead(folder + "/" + name) }
        }
    }

    private static func removeIfDead(_ path: String) {
        let descriptor = openRetrying(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        var status = stat(), named = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, flock(descriptor, LOCK_EX | LOCK_NB) == 0,
            clinux_is_on_local_disk(descriptor) || FileTime(status.st_mtim).seconds < FileTime.now.seconds - silence,
            // Its writer may have renamed it meanwhile.
            lstat(path, &named) == 0, named.st_dev == status.st_dev, named.st_ino == status.st_ino
        else { return }
        unlink(path)
    }
}
