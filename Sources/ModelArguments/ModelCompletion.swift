import ArgumentParser
import CommandSupport
import Kernels

/// What a shell offers for a model.
public enum ModelCompletion {
    /// The names of the models in ``ModelFolders``, and model files by their paths.
    public static func candidates(_ prefix: String) -> [String] {
        ModelFolders.usual.entries.map(\.name).filter { $0.hasPrefix(prefix) }
            + PathCompletion.candidates(prefix, endings: [ModelFolders.ending])
    }
}

extension CompletionKind {
    /// A model (``ModelCompletion``).
    public static var model: CompletionKind { .custom { _, _, prefix in ModelCompletion.candidates(prefix) } }

    /// The kernels that this processor can run.
    static var kernels: CompletionKind {
        .custom { _, _, prefix in Kernels.available.map(\.name).filter { $0.hasPrefix(prefix) } }
    }
}
