import ArgumentParser
import Glibc

/// Which model file to open.
public struct ModelFileArgument: ParsableArguments {
    /// `-m`: as it was given; nil where the environment may name one.
    @Option(
        name: [.customShort("m"), .long],
        help: ArgumentHelp("Model file, made by rg-quant. RG_EDGE_MODEL stands in for it.", valueName: "file"))
    public var model: String?

    /// The path given, or that in RG_EDGE_MODEL.
    public func path() throws -> String { try Self.path(model, option: "-m FILE") }

    /// The path `given`, or that in RG_EDGE_MODEL; `option` is how to give one.
    /// Throws if there is neither.
    public static func path(_ given: String?, option: String) throws -> String {
        let path = given ?? getenv("RG_EDGE_MODEL").map { String(cString: $0) } ?? ""
        guard !path.isEmpty else { throw ValidationError("No model file; name one with \(option) or in RG_EDGE_MODEL") }
        return path
    }

    /// As ArgumentParser makes it.
    public init() {}
}
