import Glibc

/// An address as the system has it.
struct SocketAddressBytes: Equatable {
    private var bytes: [UInt8]

    /// The address that a socket is bound to.
    init?(of descriptor: Int32) {
        var storage = sockaddr_storage()
        var count = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let code = withUnsafeMutablePointer(to: &storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &count) }
        }
        guard code == 0, Int(count) >= MemoryLayout<sa_family_t>.size, Int(count) <= MemoryLayout<sockaddr_storage>.size else {
            return nil
        }
        bytes = withUnsafeBytes(of: &storage) { Array($0.prefix(Int(count))) }
    }

    /// The address of a socket in the file system; nil if the path is too long for one.
    init?(path: String) {
        var address = sockaddr_un()
        let room = MemoryLayout.size(ofValue: address.sun_path)
        guard path.utf8.count < room else { return nil }
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        bytes = withUnsafeBytes(of: &address) { Array($0) }
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    /// All addresses of a host, those of IPv4 first, each once.
    static func resolve(_ host: String, _ text: String) throws(HTTPServerError) -> [SocketAddressBytes] {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_PASSIVE
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, nil, &hints, &list)
        guard code == 0 else {
            let words = gai_strerror(code).map { String(cString: $0) } ?? "error \(code)"
            throw HTTPServerError("\(text): no address is known for \"\(host)\" (\(words)); give a number like 127.0.0.1")
        }
        defer { freeaddrinfo(list) }
        var found: [SocketAddressBytes] = []
        var next = list
        while let entry = next?.pointee {
            next = entry.ai_next
            guard let address = entry.ai_addr, entry.ai_family == AF_INET || entry.ai_family == AF_INET6 else { continue }
            let bytes = Array(UnsafeRawBufferPointer(start: address, count: Int(entry.ai_addrlen)))
            let one = SocketAddressBytes(bytes: bytes)
            if !found.contains(one) { found.append(one) }
        }
        return found.filter { $0.family == AF_INET } + found.filter { $0.family == AF_INET6 }
    }

    /// AF_INET, AF_INET6, AF_UNIX.
    var family: Int32 { bytes.withUnsafeBytes { Int32($0.loadUnaligned(as: sa_family_t.self)) } }

    /// The port; 0 where there is none. It is at the same place in both kinds of addresses that have one.
    var port: UInt16 {
        guard family == AF_INET || family == AF_INET6, bytes.count >= 4 else { return 0 }
        return UInt16(bytes[2]) << 8 | UInt16(bytes[3])
    }

    /// The same with another port.
    func with(port: UInt16) -> SocketAddressBytes {
        var other = self
        guard family == AF_INET || family == AF_INET6, bytes.count >= 4 else { return other }
        other.bytes[2] = UInt8(port >> 8)
        other.bytes[3] = UInt8(port & 0xFF)
        return other
    }

    /// Number and port, or path, as people write them.
    var text: String {
        if family == AF_UNIX {
            let path = bytes.dropFirst(MemoryLayout<sa_family_t>.size).prefix { $0 != 0 }
            return "unix:\(String(decoding: path, as: UTF8.self))"
        }
        var name = [CChar](repeating: 0, count: 64)
        let code = withPointer { getnameinfo($0, $1, &name, socklen_t(name.count), nil, 0, NI_NUMERICHOST) }
        let host = String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        return "http://" + HTTPAddress.tcp(host: code == 0 ? host : "?", port: Int(port)).text
    }

    /// Lets a function of the system read it.
    func withPointer<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        var storage = sockaddr_storage()
        withUnsafeMutableBytes(of: &storage) { $0.copyBytes(from: bytes) }
        return withUnsafePointer(to: &storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(bytes.count)) }
        }
    }
}
