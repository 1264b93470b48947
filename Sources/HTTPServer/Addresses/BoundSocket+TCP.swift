import Glibc

extension BoundSocket {
    /// Listens on all addresses that a name stands for ("localhost" is 127.0.0.1 and ::1), on the same port.
    static func openTCP(host: String, port: Int) throws(HTTPServerError) -> [BoundSocket] {
        let address = HTTPAddress.tcp(host: host, port: port)
        var sockets: [BoundSocket] = []
        var port = UInt16(clamping: port)
        var refusal: HTTPServerError?
        for resolved in try SocketAddressBytes.resolve(host, address.text) {
            do throws(HTTPServerError) {
                let (descriptor, actual) = try listen(resolved.with(port: port), address.text)
                port = actual
                sockets.append(
                    BoundSocket(descriptor: descriptor, text: "http://\(HTTPAddress.tcp(host: host, port: Int(port)).text)"))
            } catch {
                refusal = refusal ?? error
            }
        }
        // Names often stand for an address of IPv6 that the machine doesn't have: one that works is enough.
        guard !sockets.isEmpty else { throw refusal ?? .system(address.text, EADDRNOTAVAIL) }
        return sockets
    }

    /// A listening socket and its port, which the system chooses if it is 0.
    private static func listen(_ address: SocketAddressBytes, _ text: String) throws(HTTPServerError) -> (Int32, UInt16) {
        let descriptor = try make(address.family, address: text)
        // A server that starts again doesn't wait for connections of its predecessor to be forgotten.
        set(SO_REUSEADDR, to: 1, of: descriptor)
        let code = address.withPointer { bind(descriptor, $0, $1) == 0 && Glibc.listen(descriptor, backlog) == 0 ? 0 : errno }
        guard code == 0 else {
            close(descriptor)
            throw .system(text, code)
        }
        return (descriptor, SocketAddressBytes(of: descriptor)?.port ?? address.port)
    }
}
