import Foundation

/// Debian's Python, for which the tools of this repository are written.
public enum Python {
    public struct Result {
        public let status: Int32
        public let output: String
        public let errors: String
    }

    private static let interpreter = "/usr/bin/python3"
    /// The folder `tools`.
    public static let tools = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("tools").path
    private static let readers = tools + "/readers"
    /// True if it and NumPy are there.
    public static let hasNumPy = (try? run("import numpy").status) == 0

    /// Runs a script that may import the modules in `tools/readers`.
    public static func run(_ script: String, _ arguments: String...) throws -> Result { try launch(["-c", script] + arguments) }

    /// Runs `tools/readers/rgq.py`.
    public static func run(command arguments: [String]) throws -> Result { try launch([readers + "/rgq.py"] + arguments) }

    private static func launch(_ arguments: [String]) throws -> Result {
        let folder = try TemporaryFolder()
        for name in ["output", "errors"] { try folder.write([], to: name) }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: interpreter)
        process.arguments = arguments
        process.environment = ["PYTHONPATH": readers, "PYTHONDONTWRITEBYTECODE": "1", "LC_ALL": "C.UTF-8"]
        process.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: folder.file("output")))
        process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: folder.file("errors")))
        try process.run()
        process.waitUntilExit()
        func text(_ name: String) throws -> String { try String(contentsOfFile: folder.file(name), encoding: .utf8) }
        return Result(status: process.terminationStatus, output: try text("output"), errors: try text("errors"))
    }
}
