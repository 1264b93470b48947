/// What is wrong with bytes that should be a saved session.
struct SessionFileProblem: Error {
    let kind: ModelError.Kind
    /// What is wrong, in a clause.
    let clause: String
    /// What to do about it, in a clause.
    let advice: String

    /// The error for the file, or whatever else the bytes came from, that `source` names.
    func error(in source: String) -> ModelError { ModelError(kind, "\(source): \(clause); \(advice)") }
}

extension SessionFileProblem {
    /// Bytes that aren't those that were written.
    static func damaged(_ clause: String) -> SessionFileProblem {
        SessionFileProblem(kind: .checksum, clause: clause, advice: "copy it again, or begin a new conversation")
    }

    /// Too few or too many bytes.
    static func misfit(_ clause: String) -> SessionFileProblem {
        SessionFileProblem(kind: .format, clause: clause, advice: "copy it again, or begin a new conversation")
    }

    /// Numbers that a model can't go on with.
    static func notFinite(_ part: String) -> SessionFileProblem {
        SessionFileProblem(
            kind: .content, clause: "has numbers that are not finite in its \(part)", advice: "begin a new conversation")
    }

    /// Bytes that are as they were written, but break a rule of `formats/rgs.md`.
    static func invalid(_ clause: String) -> SessionFileProblem {
        SessionFileProblem(kind: .format, clause: clause, advice: "this program wrote no such file: begin a new conversation")
    }
}
