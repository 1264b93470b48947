import Glibc

extension BoundSocket {
    /// Takes a listening socket that this process was started with.
    static func adopt(_ descriptor: Int32) throws(HTTPServerError) -> BoundSocket {
        let name = HTTPAddress.descriptor(descriptor).text
        guard option(SO_TYPE, of: descriptor) == Int32(SOCK_STREAM.rawValue) else {
            throw HTTPServerError("\(name): not a stream socket; set ListenStream= in the socket's unit")
        }
        guard option(SO_ACCEPTCONN, of: descriptor) == 1 else {
            throw HTTPServerError("\(name): nobody can connect to this socket; set Accept=no in the socket's unit")
        }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        return BoundSocket(descriptor: descriptor, text: SocketAddressBytes(of: descriptor)?.text ?? name)
    }

    private static func option(_ option: Int32, of descriptor: Int32) -> Int32? {
        var value: Int32 = 0
        var count = socklen_t(MemoryLayout<Int32>.size)
        return getsockopt(descriptor, SOL_SOCKET, option, &value, &count) == 0 ? value : nil
    }
}
