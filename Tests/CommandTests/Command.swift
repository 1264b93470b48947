import Foundation
import TestSupport

/// One of the package's commands, run as a user runs it: the built program in a process of its own.
struct Command: Sendable {
    static let rgEdge = Command(name: "rg-edge")
    static let rgQuant = Command(name: "rg-quant")

    let name: String
    var path: String { Self.folder + "/" + name }

    /// Where the build puts programs: the folder of the test program itself.
    static let folder = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent().path

    /// How a command ended.
    enum Ending: Equatable {
        case exit(Int32)
        case signal(Int32)
    }

    /// What a command did.
    struct Outcome {
        let ending: Ending
        let output: [UInt8]
        let errors: String

        var text: String { String(decoding: output, as: UTF8.self) }
        /// The lines of the output, without the empty one after the last line break.
        var lines: [String] { text.split(separator: "\n", omittingEmptySubsequences: false).dropLast(text.hasSuffix("\n") ? 1 : 0).map(String.init) }
    }

    /// Runs the command to its end. `environment` is added to that of the tests, from which the project's own variables are taken out.
    func run(_ arguments: [String], environment: [String: String] = [:], input: [UInt8] = []) throws -> Outcome {
        let folder = try TemporaryFolder()
        let output = folder.file("output")
        _ = try folder.write([], to: "output")
        guard let writer = FileHandle(forWritingAtPath: output) else { throw CocoaError(.fileNoSuchFile) }
        return try start(arguments, environment: environment, input: input, output: writer, outputPath: output, in: folder).wait()
    }

    func run(_ arguments: String..., environment: [String: String] = [:], input: [UInt8] = []) throws -> Outcome {
        try run(arguments, environment: environment, input: input)
    }

    /// Starts the command with its standard output going to `output`; what arrives at `outputPath`, if given, becomes the outcome's.
    func start(
        _ arguments: [String], environment: [String: String] = [:], input: [UInt8] = [], output: FileHandle,
        outputPath: String? = nil, in folder: TemporaryFolder
    ) throws -> RunningCommand {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment
            .filter { !$0.key.hasPrefix("RG_EDGE_") }
            .merging(environment) { $1 }
        let inputPath = try folder.write(input, to: "input")
        let errorPath = try folder.write([], to: "errors")
        process.standardInput = FileHandle(forReadingAtPath: inputPath)
        process.standardOutput = output
        process.standardError = FileHandle(forWritingAtPath: errorPath)
        try process.run()
        return RunningCommand(process: process, folder: folder, outputPath: outputPath, errorPath: errorPath)
    }
}

/// A command that has been started.
struct RunningCommand {
    let process: Process
    let folder: TemporaryFolder
    let outputPath: String?
    let errorPath: String

    private func contents(_ path: String?) -> [UInt8] {
        path.flatMap { FileManager.default.contents(atPath: $0) }.map { [UInt8]($0) } ?? []
    }

    /// What has been written so far.
    var output: [UInt8] { contents(outputPath) }

    /// Waits until the command has written so many bytes; false if it ends or a minute passes before.
    func waitForOutput(of count: Int) -> Bool {
        let end = Date(timeIntervalSinceNow: 60)
        while output.count < count, process.isRunning, Date() < end { usleep(2000) }
        return output.count >= count
    }

    /// Waits until the command ends.
    func wait() -> Command.Outcome {
        process.waitUntilExit()
        let ending: Command.Ending =
            process.terminationReason == .exit ? .exit(process.terminationStatus) : .signal(process.terminationStatus)
        return Command.Outcome(ending: ending, output: output, errors: String(decoding: contents(errorPath), as: UTF8.self))
    }
}
