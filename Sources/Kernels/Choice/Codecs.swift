import KernelTypes

/// The sets of codecs that this build has, and the choice among them.
public enum Codecs {
    /// The sets that this processor can run, slowest first.
    public static let available: [CodecSet] = CompiledSet<CodecSet>.all.filter { $0.isSupported() }.map { $0.table() }

    /// The fastest set that this processor can run.
    public static let best: CodecSet = available.last ?? codecSet
}
