import ArgumentParser
import CommandSupport
import Kernels

/// What shells are offered for a model: the names of those in ``ModelFolders``, and model files by their paths.
public enum ModelCompletion {
    /// What begins with `prefix`.
    public static func candidates(_ prefix: String) -> [String] {
        ShellCompletion.words(ModelFolders.usual.entries.map(\.name), prefix)
            + ShellCompletion.paths(prefix, endings: [ModelFolders.ending])
    }
}

extension CompletionKind {
    /// A model (``ModelCompletion``).
    public static var model: CompletionKind { .custom { _, _, prefix in ModelCompletion.candidates(prefix) } }

    /// The kernels that this processor can run.
    static var kernels: CompletionKind {
        .custom { _, _, prefix in ShellCompletion.words(Kernels.available.map(\.name), prefix) }
    }
}
