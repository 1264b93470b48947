import ArgumentParser
import CommandSupport
import JSON
import ModelArguments
import RGEdge

/// `rg-edge info`: what is in a model file, and what it takes to run it.
struct InfoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "info", abstract: "Shows what is in a model file, or what this processor can run.",
        discussion: """
            Examples:
              rg-edge info
              rg-edge info 2b-it.rgq --resident 800M --sessions 4
              rg-edge info --cpu
            """)

    @Argument(
        help: "Model file, made by rg-quant, or its name in 'rg-edge list'. RG_EDGE_MODEL stands in for it.", completion: .model)
    var file: String?

    @Flag(help: "Show the sets of kernels instead: which are compiled in, which this processor can run, which is chosen.")
    var cpu = false

    @OptionGroup var memory: MemoryArguments

    @Option(help: ArgumentHelp("Show also what so many sessions take.", valueName: "count"))
    var sessions: Int?

    @Flag(help: "JSON.")
    var json = false

    private static let sessionLimit = 1_000_000

    func validate() throws {
        if cpu && file != nil { throw ValidationError("--cpu goes without a model file") }
        if let sessions, !(1...Self.sessionLimit).contains(sessions) {
            throw ValidationError("--sessions must be 1 to \(Self.sessionLimit), not \(sessions)")
        }
    }

    func run() throws {
        if cpu {
            let report = KernelReport()
            try StandardOutput.write(json ? report.json.text : report.table)
        } else {
            // Opened in the way that takes least, also where there is too little memory to run it.
            let path = try ModelFileArgument.path(file, option: "rg-edge info FILE")
            let model = try Model(path: path, options: Model.Options(residency: .mapped))
            let report = ModelReport(model, memory.resident.residency, sessions: sessions)
            try StandardOutput.write(json ? report.json.text : report.text)
        }
    }
}
