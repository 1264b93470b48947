import Glibc

extension BoundSocket {
    /// Listens on a socket in the file system. One that a killed server has left is replaced.
    static func openUnix(path: String) throws(HTTPServerError) -> BoundSocket {
        let text = HTTPAddress.unix(path: path).text
        guard !path.utf8.contains(0), let address = SocketAddressBytes(path: path) else {
            throw HTTPServerError("\(text): the path of a socket may have 107 bytes at most, and no zero; take a shorter one")
        }
        try removeStale(path, address, text)
        let descriptor = try make(AF_UNIX, address: text)
        let code = address.withPointer { bind(descriptor, $0, $1) == 0 ? 0 : errno }
        guard code == 0 else {
            close(descriptor)
            throw .system(text, code)
        }
        let file = SocketFile(path: path)
        guard listen(descriptor, backlog) == 0 else {
            let code = errno
            close(descriptor)
            file?.remove()
            throw .system(text, code)
        }
        return BoundSocket(descriptor: descriptor, text: text, file: file)
    }

    /// Removes a socket that nobody listens on. Throws if somebody does, or if something else stands there.
    private static func removeStale(_ path: String, _ address: SocketAddressBytes, _ text: String) throws(HTTPServerError) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            throw HTTPServerError("\(text): a file that is no socket stands there; remove it, or take another path")
        }
        // Not blocking: if its queue is full, somebody listens.
        let probe = try make(AF_UNIX, address: text)
        defer { close(probe) }
        let code = address.withPointer { connect(probe, $0, $1) == 0 ? 0 : errno }
        switch code {
        case ECONNREFUSED: unlink(path)
        case ENOENT: break
        case 0, EAGAIN: throw .system(text, EADDRINUSE)
        default: throw .system(text, code)
        }
    }
}
