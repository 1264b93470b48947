import ArgumentParser
import Glibc
import System

/// Which model file to open.
public struct ModelFileArgument: ParsableArguments {
    /// `-m`: as it was given; nil where the environment may name one.
    @Option(
        name: [.customShort("m"), .long],
        help: ArgumentHelp(
            "Model file, made by rg-quant, or its name in 'rg-edge list'. RG_EDGE_MODEL stands in for it.", valueName: "file"),
        completion: .model)
    public var model: String?

    /// The path of the model given, of that in RG_EDGE_MODEL, or of the default one (``ModelFolders``).
    public func path() throws -> String { try Self.path(model, option: "-m FILE") }

    /// The path of the model `given`, of that in RG_EDGE_MODEL, or of the default one; `option` is how to give one.
    /// Throws if there is none of them.
    public static func path(_ given: String?, option: String) throws -> String {
        let folders = ModelFolders.usual
        let name = given ?? getenv("RG_EDGE_MODEL").map { String(cString: $0) } ?? ""
        if !name.isEmpty {
            guard let path = folders.path(of: name) else {
                throw FileProblem(
                    path: name, problem: "neither a file nor one of the models of 'rg-edge list'", advice: "check the name",
                    code: ENOENT)
            }
            return path
        }
        if let usual = folders.usualEntry { return usual.path }
        let names = folders.entries.map(\.name)
        guard names.isEmpty else {
            throw ValidationError("There are several models, \(names.joined(separator: ", ")); name one with \(option)")
        }
        throw ValidationError("No model file; name one with \(option) or in RG_EDGE_MODEL; 'rg-edge list' says how to get one")
    }

    /// As ArgumentParser makes it.
    public init() {}
}
