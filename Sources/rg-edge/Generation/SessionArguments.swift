import ArgumentParser
import CommandSupport
import RGEdge

/// The file that a conversation comes from and goes to.
struct SessionArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Go on with the conversation that is in this file, if there is one, and keep it there; one process at a time.",
            valueName: "file"),
        completion: .file(extensions: ["rgs"]))
    var session: String?

    @Flag(help: "Leave the file of --session as it is.")
    var sessionReadOnly = false

    func validate() throws {
        if session == "" { throw ValidationError("--session needs the name of a file") }
        if let session { try OutputName.check(session, for: "--session") }
        if sessionReadOnly, session == nil { throw ValidationError("--session-read-only goes with --session FILE") }
    }

    /// The session in the file, or a new one, and the file that it will be kept in; nil if it won't be. Throws also if that can't
    /// be written later, or another process has it in use.
    func open(_ model: Model) throws -> (session: Session, file: SessionFile?) {
        guard let session else { return (try model.makeSession(), nil) }
        if sessionReadOnly { return (try model.session(from: session), nil) }
        let file = try SessionFile(path: session)
        return (try file.session(model), file)
    }
}
