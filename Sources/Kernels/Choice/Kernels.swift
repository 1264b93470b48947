import KernelTypes

/// The sets of kernels that this build has, and the choice among them.
public enum Kernels {
    /// Plain Swift, one number at a time: the reference that every other set is tested against.
    public static let scalar = ScalarKernels.set

    /// The sets that this processor can run, slowest first.
    public static let available: [KernelSet] =
        [scalar] + CompiledSet<TunedKernels>.all.filter { $0.isSupported() }.map { $0.table()(.best(for: $0.name)) }

    /// The fastest set that this processor can run.
    public static let best: KernelSet = available.last ?? scalar

    /// The set of that name, or nil if it is unknown, not compiled in, or not for this processor.
    public static func named(_ name: String) -> KernelSet? { available.first { $0.name == name } }

    /// The same set as it would be on a processor that wants `tuning`, for tests and benchmarks.
    public static func named(_ name: String, _ tuning: Tuning) -> KernelSet? {
        if name == scalar.name { return scalar }
        return CompiledSet<TunedKernels>.all.first { $0.name == name && $0.isSupported() }?.table()(tuning)
    }

    /// The names of all sets compiled in, slowest first, whether or not this processor can run them.
    public static let compiledNames: [String] = [scalar.name] + CompiledSet<TunedKernels>.all.map(\.name)
}
