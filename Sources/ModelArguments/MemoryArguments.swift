import ArgumentParser
import RGEdge

/// What of a model to have in memory.
public struct MemoryArguments: ParsableArguments {
    /// `--resident`: weights that stay in memory.
    @Option(
        help: ArgumentHelp(
            """
            Weights that stay in memory: a size such as 800M, 'all', 'auto' (as many as fit) or 'mapped' (what the system decides). \
            The others are read from the disk for each token.
            """, valueName: "size"),
        completion: .list(["auto", "all", "mapped"]))
    public var resident = ResidencyArgument(.auto)

    /// As ArgumentParser makes it.
    public init() {}
}
