import Glibc
import System

/// What keeps a result from being written to standard output.
public enum OutputError: Error, Equatable, CustomStringConvertible {
    /// The reader is gone: nobody's fault, `head` does it.
    case closedPipe
    /// The system refuses, for the reason `code` (an errno).
    case failed(code: Int32)

    /// One line, without a full stop.
    public var description: String {
        switch self {
        case .closedPipe: "standard output is closed"
        case .failed(let code):
            "standard output: write failed (\(strerror(code).map { String(cString: $0) } ?? "error \(code)")); "
                + "check where it leads to"
        }
    }
}

/// Standard output without a buffer: what is written is on its way when the call returns, and failure is seen.
public enum StandardOutput {
    /// Writes text. Commands let the error pass: `execute()` knows what to do with it.
    public static func write(_ text: String) throws(OutputError) { try writeText(text, to: STDOUT_FILENO) }
}

/// Writes text, whoever it is from: as it is to a file or a pipe, and to a terminal without what would command it. The only way to
/// a terminal except ``Diagnostics/draw(_:)``.
func writeText(_ text: String, to descriptor: Int32) throws(OutputError) {
    try writeAll(isatty(descriptor) == 1 ? text.harmless : text, to: descriptor)
}

/// Writes text as it is.
func writeAll(_ text: String, to descriptor: Int32) throws(OutputError) {
    var text = text
    try text.withUTF8 { bytes in
        Result { () throws(OutputError) in try writeAll(UnsafeRawBufferPointer(bytes), to: descriptor) }
    }.get()
}

private func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) throws(OutputError) {
    var rest = bytes
    while !rest.isEmpty {
        let count = write(descriptor, rest.baseAddress, rest.count)
        if count >= 0 {
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
        } else if errno == EPIPE {
            throw .closedPipe
        } else if errno != EINTR {
            throw .failed(code: errno)
        }
    }
}
