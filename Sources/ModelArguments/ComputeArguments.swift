import ArgumentParser
import CommandSupport
import RGEdge

/// How to compute.
public struct ComputeArguments: ParsableArguments {
    /// `-t`: nil for one thread per core that may be used, or fewer for a long answer if that is measured to be faster.
    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "Threads. (default: one per core that may be used; long answers try half as many, which may read memory faster, and stay "
                + "with the faster number)", valueName: "count"))
    public var threads: Int?

    /// What of the model to have in memory.
    @OptionGroup public var memory: MemoryArguments

    /// `--preload`
    @Flag(help: "Read the weights that stay in memory before anything else, so that no answer waits for the disk.")
    public var preload = false

    /// `--lock-memory`
    @Flag(help: "Keep these weights in memory whatever other programs need; the system has to allow it (ulimit -l).")
    public var lockMemory = false

    /// `--verbose`
    @Flag(
        name: .shortAndLong,
        help: "Tell on standard error what is done: the model's memory, kernels and threads, each answer's time, and what changes.")
    public var verbose = false

    /// Which kernels to compute with.
    @OptionGroup public var set: KernelsArgument

    /// Throws for a number of threads that no machine has.
    public func validate() throws {
        let limit = Model.Options.threadLimit
        if let threads, !(1...limit).contains(threads) { throw ValidationError("--threads must be 1 to \(limit), not \(threads)") }
    }

    /// Opens a model to run with them. `latency` is how long a pass may last; nil for as long as usual.
    public func open(_ path: String, latency: Duration? = nil) throws(ModelError) -> Model {
        if verbose { Model.receiveLog(from: .debug) { _, line in Diagnostics.note(line) } }
        var options = Model.Options(
            threads: threads, kernels: set.kernels, preload: preload, lockMemory: lockMemory, residency: memory.resident.residency)
        if let latency { options.latency = latency }
        return try Model(path: path, options: options)
    }

    /// As ArgumentParser makes it.
    public init() {}
}
