import Glibc

extension HTTPAddress {
    /// True if other machines can reach it. Throws for a name that stands for no address.
    package func isOpenToOthers() throws(HTTPServerError) -> Bool {
        switch self {
        // What the name stands for counts, and not how it looks: 127.example.org may be anywhere.
        case .tcp(let host, _): try SocketAddressBytes.resolve(host, text).contains { !$0.isOnThisMachine }
        case .unix: false
        // What nothing is known of might be open.
        case .descriptor(let number): !(SocketAddressBytes(of: number)?.isOnThisMachine ?? false)
        }
    }
}

extension SocketAddressBytes {
    /// True for the loopback, and for a socket in the file system.
    fileprivate var isOnThisMachine: Bool {
        if family == AF_UNIX { return true }
        return withPointer { address, count in
            let bytes = UnsafeRawBufferPointer(start: address, count: Int(count))
            if family == AF_INET, bytes.count >= MemoryLayout<sockaddr_in>.size {
                return bytes.loadUnaligned(as: sockaddr_in.self).isLoopback
            }
            guard family == AF_INET6, bytes.count >= MemoryLayout<sockaddr_in6>.size else { return false }
            return bytes.loadUnaligned(as: sockaddr_in6.self).isLoopback
        }
    }
}

extension sockaddr_in {
    /// True for 127.0.0.0/8.
    var isLoopback: Bool { withUnsafeBytes(of: sin_addr) { $0[0] == 127 } }
}

extension sockaddr_in6 {
    /// True for ::1, and for an address of 127.0.0.0/8 in that of IPv6.
    var isLoopback: Bool {
        withUnsafeBytes(of: sin6_addr) { bytes in
            guard bytes.count == 16, bytes.prefix(10).allSatisfy({ $0 == 0 }) else { return false }
            return bytes[10] == 0xFF && bytes[11] == 0xFF && bytes[12] == 127 || bytes[10...].elementsEqual([0, 0, 0, 0, 0, 1])
        }
    }
}
