import Foundation

/// The files that tests read: checkpoints with the reference's outputs, and the small English model.
public enum Fixtures {
    /// `Tests/Fixtures` of this repository, wherever it lies (links followed, so that a package that
    /// links to the tests finds it too).
    public static let root: String = {
        let source = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        return source.deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Fixtures").path
    }()

    /// The checkpoints that have reference outputs (`tools/oracle/README.md`): f32, bf16 in shards, f16.
    public static let oracleNames = ["alpha", "beta", "gamma"]

    /// The prompt lengths of the reference outputs; the last is past three windows of every checkpoint.
    public static let oraclePromptLengths = [1, 2, 5, 17, 40, 150]

    /// The checkpoint folder `alpha`, `beta` or `gamma`.
    public static func oracle(_ name: String) -> String { root + "/oracle/" + name }

    /// An array that the reference wrote for a checkpoint: `tokens_N` [N], `logits_N` [N, vocabulary], `greedy_N` [24]
    /// for each N of ``oraclePromptLengths``, and `hidden_40` [layers + 1, 40, width].
    public static func oracleArray(_ name: String, _ array: String) throws -> NumpyArray {
        try NumpyArray(path: oracle(name) + "/expected/" + array + ".npy")
    }

    /// The checkpoint folder of the small English model.
    public static var tinyEnglish: String { root + "/tiny-en/model" }

    /// Text that the small English model has not seen.
    public static var heldOut: String { root + "/tiny-en/heldout.txt" }
}
