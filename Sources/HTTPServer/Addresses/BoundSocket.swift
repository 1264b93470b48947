import Glibc

/// A socket that clients can connect to, before the event loop has it.
struct BoundSocket {
    /// The descriptor, which whoever takes this closes.
    let descriptor: Int32
    /// What it listens on, as shown to people: "http://127.0.0.1:8080", "unix:/run/server.sock".
    let text: String
    /// The file of a socket that was made in the file system.
    var file: SocketFile?

    /// Connections that the kernel completes before they are accepted; it cuts the number to its own limit.
    static let backlog: Int32 = 1024

    /// The sockets for an address: more than one where a name stands for more.
    static func open(_ address: HTTPAddress) throws(HTTPServerError) -> [BoundSocket] {
        switch address {
        case .tcp(let host, let port): try openTCP(host: host, port: port)
        case .unix(let path): [try openUnix(path: path)]
        case .descriptor(let number): [try adopt(number)]
        }
    }

    /// A new socket, or an errno.
    static func make(_ family: Int32, address: String) throws(HTTPServerError) -> Int32 {
        let flags = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let descriptor = socket(family, flags, 0)
        guard descriptor >= 0 else { throw .system(address, errno) }
        return descriptor
    }

    /// Sets an option of the socket's own level.
    static func set(_ option: Int32, to value: Int32, of descriptor: Int32) {
        var value = value
        _ = setsockopt(descriptor, SOL_SOCKET, option, &value, socklen_t(MemoryLayout<Int32>.size))
    }
}
