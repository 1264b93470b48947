import ArgumentParser
import Kernels

/// Which kernels to compute with.
public struct KernelsArgument: ParsableArguments {
    /// `--kernels`: the name of a set; nil for the fastest.
    @Option(
        help: ArgumentHelp(
            "Set of kernels; 'rg-edge info --cpu' lists them. (default: the fastest)", valueName: "name"), completion: .kernels)
    public var kernels: String?

    /// Throws for a set that is not there, or that this processor can't run.
    public func validate() throws {
        guard let kernels, Kernels.named(kernels) == nil else { return }
        let names = Kernels.available.map(\.name).joined(separator: ", ")
        throw ValidationError(
            Kernels.compiledNames.contains(kernels)
                ? "This processor can't run the kernels '\(kernels)'; use one of \(names)"
                : "There are no kernels '\(kernels)'; use one of \(names)")
    }

    /// As ArgumentParser makes it.
    public init() {}
}
