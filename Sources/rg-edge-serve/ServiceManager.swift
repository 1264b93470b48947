import CommandSupport
import Glibc
import Serving
import System

/// What a service manager, systemd, and a service tell each other (sd_notify(3), sd_listen_fds(3)).
struct ServiceManager {
    private let socket: String?
    /// Seconds between two signs of life; nil if nobody looks for them.
    private let watchdogSeconds: Double?

    /// The manager that has started this process, if one has.
    init() {
        func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
        socket = variable("NOTIFY_SOCKET")
        let isMeant = variable("WATCHDOG_PID").map { Int32($0) == getpid() } ?? true
        watchdogSeconds = isMeant ? variable("WATCHDOG_USEC").flatMap { Double($0) }.map { $0 / 2e6 } : nil
        // Not for processes that this one might start.
        unsetenv("NOTIFY_SOCKET")
        unsetenv("WATCHDOG_USEC")
    }

    /// Sockets that the process was started with, listening already.
    static var passedSockets: [Int32] {
        guard let process = getenv("LISTEN_PID"), Int32(String(cString: process)) == getpid(),
            let text = getenv("LISTEN_FDS"), let count = Int32(String(cString: text)), (1...64).contains(count)
        else { return [] }
        return Array(3..<(3 + count))
    }

    /// Tells the manager something, such as `READY=1`. It is no error if nobody listens.
    func notify(_ state: String) {
        guard let socket else { return }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var path = Array(socket.utf8)
        guard path.count < MemoryLayout.size(ofValue: address.sun_path) else { return }
        // The name of an abstract socket begins with a zero.
        if path.first == UInt8(ascii: "@") { path[0] = 0 }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path) }
        let count = socklen_t(MemoryLayout<sa_family_t>.size + path.count)
        let descriptor = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        let text = Array(state.utf8)
        _ = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                sendto(descriptor, text, text.count, Int32(MSG_NOSIGNAL), $0, count)
            }
        }
    }

    /// Waits until a signal asks for the end, or the server can't go on, and tells the manager meanwhile that it lives: not that this
    /// thread does, but the one that all answers go through.
    func wait(for signals: HeldSignals, watching server: Server) {
        while Interruption.signal == nil, server.failure == nil {
            let lives = server.silence < Self.longestSilence
            if watchdogSeconds != nil, lives { notify("WATCHDOG=1") }
            // Soon again, so that it isn't late when the server lives again.
            signals.wait(seconds: lives ? min(watchdogSeconds ?? Self.longestWait, Self.longestWait) : 0.5)
        }
    }

    /// Seconds without a sign of life, of which there is one each second; a busy machine is not to count as a dead server.
    private static let longestSilence = 5.0
    /// Seconds after which it looks whether the server can go on.
    private static let longestWait = 5.0
}
