import ArgumentParser
import CommandSupport
import JSON
import RGEdge

/// `rg-edge info`: what is in a model file, and what it takes to run it.
struct InfoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "info", abstract: "Shows what is in a model file, or what this processor can run.")

    @Argument(help: "Model file, made by rg-quant. RG_EDGE_MODEL stands in for it.")
    var file: String?

    @Flag(help: "Show the sets of kernels instead: which are compiled in, which this processor can run, which is chosen.")
    var cpu = false

    @OptionGroup var memory: MemoryArguments

    @Flag(help: "JSON.")
    var json = false

    func validate() throws {
        if cpu && file != nil { throw ValidationError("--cpu goes without a model file") }
    }

    func run() throws {
        if cpu {
            let report = KernelReport()
            try StandardOutput.write(json ? report.json.text : report.table)
        } else {
            // Opened in the way that takes least, also where there is too little memory to run it.
            let path = try ModelFileArgument.path(file, option: "rg-edge info FILE")
            let model = try Model(path: path, options: Model.Options(residency: .mapped))
            let report = ModelReport(model, memory.resident.residency)
            try StandardOutput.write(json ? report.json.text : report.text)
        }
    }
}
