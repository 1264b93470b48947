import ArgumentParser
import CommandSupport
import Glibc

/// `rg-edge serve`: starts `rg-edge-serve`, a program of its own, so that this one is built and kept without a network.
struct ServeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Answers over HTTP, in OpenAI's format: starts rg-edge-serve.",
        helpNames: [])

    @Argument(
        parsing: .captureForPassthrough, help: "Options of rg-edge-serve; --help lists them.",
        completion: .custom { words, index, prefix in
            ServeCompletion.candidates(words, index, prefix, program: beside ?? program)
        })
    var options: [String] = []

    private static let program = "rg-edge-serve"

    func run() throws {
        let beside = Self.beside
        var arguments = ([Self.program] + options).map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        // This program ignores signals that the other is to have as usual.
        signal(SIGPIPE, SIG_DFL)
        signal(SIGXFSZ, SIG_DFL)
        if let beside { execv(beside, &arguments) }
        if beside == nil || errno == ENOENT { execvp(Self.program, &arguments) }
        let code = errno
        guard code == ENOENT else {
            throw ServeError(description: "\(Self.program) can't be started: \(String(cString: strerror(code)))")
        }
        throw ServeError(
            description:
                "\(Self.program) is not there; install it beside rg-edge (swift build -c release --product \(Self.program))")
    }

    /// Where the program is if it is beside this one; nil if the system doesn't say.
    private static var beside: String? { folder.map { $0 + "/" + program } }

    /// The folder of this program; nil if the system doesn't say.
    private static var folder: String? {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink("/proc/self/exe", &buffer, buffer.count)
        guard count > 0 else { return nil }
        let path = String(decoding: buffer.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self)
        return path.lastIndex(of: "/").map { String(path[..<$0]) }
    }
}

/// The server can't be started.
private struct ServeError: Error, CustomStringConvertible {
    let description: String
}
