import ArgumentParser
import CommandSupport
import JSON
import ModelArguments
import System

/// `rg-edge list`: the models that can be named without a path.
struct ListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Lists the models that -m takes by their name.",
        discussion: """
            Models are looked for in ~/.local/share/rg-edge ($XDG_DATA_HOME/rg-edge) and /usr/local/share/rg-edge, or in the folders \
            of RG_EDGE_MODELS, separated by colons. Where no model is named, the one called default.rgq is used, which may be a link, \
            or the only one.

            Examples:
              rg-edge list
              rg-edge prompt -m 2b-it 'Why is the sky blue?'
            """)

    @Flag(help: "JSON: an array with one object per model.")
    var json = false

    func run() throws {
        let folders = ModelFolders.usual
        let models = ModelList(folders)
        if json { return try StandardOutput.write(models.json.text) }
        if models.isEmpty { throw NoModels(folders: folders) }
        try StandardOutput.write(models.table)
    }
}

/// There is nothing to list.
struct NoModels: Error, CustomStringConvertible {
    let folders: ModelFolders

    /// How to get a model, in one line.
    var description: String {
        let folder = folders.paths.first ?? "."
        return "there are no models yet in \(folders.paths.joined(separator: " or ")); make one with: "
            + "hf download google/recurrentgemma-2b-it --local-dir 2b-it && mkdir -p \(folder) && "
            + "rg-quant convert 2b-it --type q4-small -o \(folder)/2b-it.rgq"
    }
}
