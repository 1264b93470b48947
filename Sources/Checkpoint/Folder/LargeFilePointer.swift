import System

/// The small text that stands for a file in a repository cloned without Git LFS: weights and tokenizers of the published models
/// are kept that way, and any file of others may be, so this is the commonest "damage" of all.
/// Format: https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md.
enum LargeFilePointer {
    /// True if a file that begins with these bytes is a pointer; eight bytes are enough to tell it from weights, whose first eight
    /// would otherwise announce a header of 2 exabytes.
    static func isStart(_ bytes: some Collection<UInt8>) -> Bool { bytes.starts(with: "version ".utf8) }

    /// True of the contents of a pointer.
    static func isWhole(_ contents: [UInt8]) -> Bool { contents.starts(with: "version https://git-lfs".utf8) }

    static func error(path: String) -> FileProblem {
        FileProblem(
            .content, path: path, problem: "is only a Git LFS pointer, not the file itself",
            advice: "fetch it with \"git lfs pull\" in that folder, or download it again")
    }
}
