import Glibc

/// The file of a socket that this process has bound.
struct SocketFile: Sendable {
    private let path: String
    private let device: dev_t
    private let inode: ino_t

    /// The file that stands at a path now.
    init?(path: String) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return nil }
        self.path = path
        device = status.st_dev
        inode = status.st_ino
    }

    /// Removes the file, unless another one stands there by now: that of the server that takes this one's place.
    func remove() {
        guard let now = SocketFile(path: path), now.device == device, now.inode == inode else { return }
        unlink(path)
    }
}
