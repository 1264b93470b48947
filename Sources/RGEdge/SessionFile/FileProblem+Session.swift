import System

extension FileProblem {
    /// Bytes of a saved session that aren't those that were written.
    static func damaged(_ source: String, _ problem: String) -> FileProblem {
        FileProblem(.checksum, path: source, problem: problem, advice: "copy it again, or begin a new conversation")
    }

    /// Too few or too many bytes.
    static func misfit(_ source: String, _ problem: String) -> FileProblem {
        FileProblem(.format, path: source, problem: problem, advice: "copy it again, or begin a new conversation")
    }

    /// Numbers that a model can't go on with.
    static func notFinite(_ source: String, _ part: String) -> FileProblem {
        FileProblem(
            .notFinite, path: source, problem: "has numbers that are not finite in its \(part)",
            advice: "begin a new conversation")
    }

    /// Bytes that are as they were written, but break a rule of `formats/rgs.md`.
    static func invalid(_ source: String, _ problem: String) -> FileProblem {
        FileProblem(
            .content, path: source, problem: problem, advice: "this program wrote no such file: begin a new conversation")
    }
}
