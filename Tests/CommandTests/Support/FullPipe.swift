import Foundation
import TestSupport

/// A pipe that nobody reads and into which no byte fits any more: whoever writes to it waits.
final class FullPipe {
    let path: String
    let folder: TemporaryFolder
    private let descriptor: Int32

    init() throws {
        folder = try TemporaryFolder()
        path = folder.file("pipe")
        guard mkfifo(path, 0o600) == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
        // On Linux, whoever opens it for both waits for nobody.
        descriptor = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC)
        let page = [UInt8](repeating: 0, count: 4096)
        for count in [page.count, 1] {
            while write(descriptor, page, count) > 0 {}
        }
    }

    /// Takes out what is in it, so that something fits again.
    func drain() {
        var bytes = [UInt8](repeating: 0, count: 65_536)
        while read(descriptor, &bytes, bytes.count) > 0 {}
    }

    deinit { close(descriptor) }
}
