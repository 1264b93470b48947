import ArgumentParser
import CommandSupport
import Version

/// `rg-edge`: runs RecurrentGemma models that `rg-quant` has made.
@main
struct RGEdgeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rg-edge",
        abstract: "Runs RecurrentGemma models that rg-quant has made.",
        version: projectVersion,
        subcommands: [
            PromptCommand.self, ChatCommand.self, ServeCommand.self, ListCommand.self, InfoCommand.self, TokenizeCommand.self,
            LogitsCommand.self,
            PerplexityCommand.self,
            BenchCommand.self,
        ])

    static func main() { execute() }
}
