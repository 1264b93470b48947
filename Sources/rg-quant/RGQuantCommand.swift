import ArgumentParser
import CommandSupport
import Version

/// `rg-quant`: makes the model files that `rg-edge` runs.
@main
struct RGQuantCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rg-quant",
        abstract: "Makes and checks the model files that rg-edge runs.",
        version: projectVersion,
        subcommands: [
            ConvertCommand.self, CalibrateCommand.self, VerifyCommand.self, InspectCommand.self, CompareCommand.self,
            ExportCommand.self,
        ])

    static func main() { execute() }
}
