import Glibc

/// Why the server can't listen.
package struct HTTPServerError: Error, Equatable, CustomStringConvertible {
    /// A sentence without a full stop: what, where, and what to do about it.
    package let description: String

    /// An error that says this.
    package init(_ description: String) { self.description = description }

    /// The error of a system call on the way to listening at `address`.
    static func system(_ address: String, _ code: Int32) -> HTTPServerError {
        let words = strerror(code).map { String(cString: $0) } ?? "error \(code)"
        return HTTPServerError("\(address): can't listen (\(words)); \(advice(for: code))")
    }

    private static func advice(for code: Int32) -> String {
        switch code {
        case EADDRINUSE: "another program listens there: stop it, or take another port"
        case EADDRNOTAVAIL: "this machine doesn't have that address: take one of its own, or 0.0.0.0 for all"
        case EACCES, EPERM: "this user may not: take a port from 1024 on, or a folder of its own"
        case EAFNOSUPPORT: "this machine has no such network: take 127.0.0.1"
        case EMFILE, ENFILE: "too many files are open: close some, or raise \"ulimit -n\""
        case ENOENT, ENOTDIR: "make the folder first"
        case EROFS: "the file system is read-only: take another folder"
        default: "take another address"
        }
    }
}
