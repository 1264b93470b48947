import Foundation
import TestSupport

/// A pipe that a command can be given as its standard output, open for reading here.
final class NamedPipe {
    let path: String
    private let folder: TemporaryFolder
    private let descriptor: Int32

    init() throws {
        folder = try TemporaryFolder()
        path = folder.file("pipe")
        guard mkfifo(path, 0o600) == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
        // Without O_NONBLOCK this would wait for the writer, whose opening waits for the reader.
        descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    }

    /// Waits for something to be written, and reads at most `count` bytes of it.
    func read(_ count: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var result = Foundation.read(descriptor, &bytes, count)
        while result <= 0 {
            usleep(2000)
            result = Foundation.read(descriptor, &bytes, count)
        }
        return Array(bytes[..<result])
    }

    /// Goes away: from here on, whoever writes finds the pipe closed.
    func close() { Foundation.close(descriptor) }
}
