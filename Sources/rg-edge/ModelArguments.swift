import ArgumentParser
import Glibc
import Kernels
import RGEdge

/// Which model file to open.
struct ModelFileArgument: ParsableArguments {
    @Option(
        name: [.customShort("m"), .long],
        help: ArgumentHelp("Model file, made by rg-quant. RG_EDGE_MODEL stands in for it.", valueName: "file"))
    var model: String?

    /// The path given, or that in RG_EDGE_MODEL.
    func path() throws -> String { try Self.path(model, option: "-m FILE") }

    /// The path `given`, or that in RG_EDGE_MODEL; `option` is how to give one.
    static func path(_ given: String?, option: String) throws -> String {
        let path = given ?? getenv("RG_EDGE_MODEL").map { String(cString: $0) } ?? ""
        guard !path.isEmpty else { throw ValidationError("No model file; name one with \(option) or in RG_EDGE_MODEL") }
        return path
    }
}

/// Which kernels to compute with.
struct KernelsArgument: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Set of kernels; 'rg-edge info --cpu' lists them. (default: the fastest)", valueName: "name"))
    var kernels: String?

    func validate() throws {
        guard let kernels, Kernels.named(kernels) == nil else { return }
        let names = Kernels.available.map(\.name).joined(separator: ", ")
        throw ValidationError(
            Kernels.compiledNames.contains(kernels)
                ? "This processor can't run the kernels '\(kernels)'; use one of \(names)"
                : "There are no kernels '\(kernels)'; use one of \(names)")
    }
}

/// How to compute.
struct ComputeArguments: ParsableArguments {
    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Threads. (default: one per core that may be used)", valueName: "count"))
    var threads: Int?

    @OptionGroup var memory: MemoryArguments

    @OptionGroup var set: KernelsArgument

    func validate() throws {
        let limit = Model.Options.threadLimit
        if let threads, !(1...limit).contains(threads) { throw ValidationError("--threads must be 1 to \(limit), not \(threads)") }
    }

    /// Opens a model to run with them.
    func open(_ path: String) throws(ModelError) -> Model {
        try Model(path: path, options: Model.Options(threads: threads, kernels: set.kernels, residency: memory.resident.residency))
    }
}

/// What of a model to have in memory.
struct MemoryArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            """
            Weights that stay in memory: a size such as 800M, 'all', 'auto' (as many as fit) or 'mapped' (what the system decides). \
            The others are read from the disk for each token.
            """, valueName: "size"))
    var resident = ResidencyArgument(.auto)
}

/// What stays in memory, on the command line.
struct ResidencyArgument: ExpressibleByArgument, CustomStringConvertible {
    let residency: Residency
    let description: String

    init(_ residency: Residency) {
        self.residency = residency
        description = "\(residency)"
    }

    init?(argument: String) {
        switch argument {
        case "auto": residency = .auto
        case "all": residency = .all
        case "mapped": residency = .mapped
        default:
            guard let count = ByteCount(argument: argument) else { return nil }
            residency = .bytes(count.bytes)
        }
        description = argument
    }

    var defaultValueDescription: String { description }
}
