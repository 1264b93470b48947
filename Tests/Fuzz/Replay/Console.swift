import Glibc

/// Lines for people.
enum Console {
    /// A line on standard output, at once.
    static func show(_ line: String) { write(line, to: STDOUT_FILENO) }

    /// A line on standard error, then the end.
    static func fail(_ line: String) -> Never {
        write("fuzz-replay: " + line, to: STDERR_FILENO)
        exit(64)
    }

    private static func write(_ line: String, to descriptor: Int32) {
        let bytes = Array((line + "\n").utf8)
        _ = Glibc.write(descriptor, bytes, bytes.count)
    }
}
