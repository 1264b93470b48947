import Glibc
import NIOCore

/// What is set on each connection.
enum SocketOptions {
    /// Small parts go out at once, and a client whose machine or network is gone is given up in the time of a slow one.
    static func set(on channel: any Channel, _ limits: HTTPLimits) {
        guard let options = channel.syncOptions, channel.isNetwork else { return }
        try? options.setOption(.tcpOption(.tcp_nodelay), value: 1)
        try? options.setOption(.socketOption(.so_keepalive), value: 1)
        set(TCP_KEEPIDLE, to: 60, options)
        set(TCP_KEEPINTVL, to: 15, options)
        set(TCP_KEEPCNT, to: 4, options)
        set(TCP_USER_TIMEOUT, to: SocketOptionValue(max(1, min(limits.writeTimeout, 86_400)) * 1000), options)
    }

    private static func set(_ option: Int32, to value: SocketOptionValue, _ options: any NIOSynchronousChannelOptions) {
        try? options.setOption(ChannelOptions.Types.SocketOption(level: .tcp, name: .init(rawValue: option)), value: value)
    }
}

extension Channel {
    fileprivate var isNetwork: Bool {
        switch remoteAddress {
        case .v4, .v6: true
        default: false
        }
    }

    /// True for a client on this machine.
    var isLocal: Bool {
        switch remoteAddress {
        case .v4(let address): address.address.isLoopback
        case .v6(let address): address.address.isLoopback
        // The clients of sockets in the file system have no address.
        case .unixDomainSocket, nil: localAddress?.isUnix ?? false
        }
    }
}

extension SocketAddress {
    fileprivate var isUnix: Bool {
        if case .unixDomainSocket = self { true } else { false }
    }
}
