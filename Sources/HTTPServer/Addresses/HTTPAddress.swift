/// Where to listen.
package enum HTTPAddress: Sendable, Hashable {
    /// A name or number of this machine, without brackets, and a port; 0 takes any that is free.
    case tcp(host: String, port: Int)
    /// A socket in the file system.
    case unix(path: String)
    /// A socket that is bound already, as systemd passes it.
    case descriptor(Int32)

    /// Reads "127.0.0.1:8080", "[::1]:8080", "localhost:8080", "unix:PATH".
    package init(parsing text: String) throws(HTTPServerError) {
        if text.hasPrefix("unix:") {
            let path = String(text.dropFirst("unix:".count))
            guard !path.isEmpty else {
                throw HTTPServerError("\(text): no path after \"unix:\"; give one, like unix:/run/server.sock")
            }
            self = .unix(path: path)
            return
        }
        let (host, port) = try Self.split(text)
        guard let number = Int(port), port.utf8.allSatisfy({ (0x30...0x39).contains($0) }), number <= 65535 else {
            throw HTTPServerError("\(text): \"\(port)\" is no port; give one from 0 to 65535, like 127.0.0.1:8080")
        }
        guard !host.isEmpty else {
            throw HTTPServerError("\(text): no host; 127.0.0.1:\(port) is for this machine alone, 0.0.0.0:\(port) for the network")
        }
        self = .tcp(host: host, port: number)
    }

    /// What stands before and after the colon of the port.
    private static func split(_ text: String) throws(HTTPServerError) -> (host: String, port: String) {
        guard let colon = text.lastIndex(of: ":") else {
            let isPort = Int(text) != nil
            throw HTTPServerError(
                isPort
                    ? "\(text): no host; 127.0.0.1:\(text) is for this machine alone, 0.0.0.0:\(text) for the network"
                    : "\(text): no port; add one, like \(text.isEmpty ? "127.0.0.1" : text):8080")
        }
        let host = text[..<colon]
        let port = String(text[text.index(after: colon)...])
        if host.hasPrefix("["), host.hasSuffix("]") { return (String(host.dropFirst().dropLast()), port) }
        guard !host.contains(where: { ":[]/".contains($0) }) else {
            throw HTTPServerError("\(text): not HOST:PORT; write an address of IPv6 in brackets, like [::1]:8080")
        }
        return (String(host), port)
    }

    /// As it is written.
    var text: String {
        switch self {
        case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path): "unix:\(path)"
        case .descriptor(let number): "descriptor \(number)"
        }
    }
}
