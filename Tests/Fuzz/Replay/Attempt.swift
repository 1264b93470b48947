import Glibc

/// What is being tried, so that it can be tried again where it ends the process.
enum Attempt {
    private static let largest = 1 << 20
    private nonisolated(unsafe) static let input = UnsafeMutableRawBufferPointer.allocate(byteCount: largest, alignment: 1)
    private nonisolated(unsafe) static var count = 0
    private nonisolated(unsafe) static var path: [CChar] = []
    private nonisolated(unsafe) static var message: [UInt8] = []

    /// From now on, an input that ends the process is kept in `folder`.
    static func keepFindings(in folder: String, of target: String) {
        let file = "\(folder)/finding-\(target)"
        path = Array(file.utf8CString)
        message = Array("\nfinding: kept in \(file); try it again with: tools/fuzz --try \(target) \(file)\n".utf8)
        for number in [SIGILL, SIGTRAP, SIGABRT, SIGSEGV, SIGBUS, SIGFPE] {
            signal(number) { number in
                let descriptor = open(Attempt.path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
                _ = write(descriptor, Attempt.input.baseAddress, Attempt.count)
                _ = write(STDERR_FILENO, Attempt.message, Attempt.message.count)
                signal(number, SIG_DFL)
                raise(number)
            }
        }
    }

    /// Notes what will be tried next.
    static func note(_ bytes: [UInt8]) {
        count = min(bytes.count, largest)
        input.copyBytes(from: bytes.prefix(count))
    }
}
