import ArgumentParser
import CommandSupport
import Files
import Glibc
import RGEdge

/// The file that a conversation comes from and goes to.
struct SessionArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Go on with the conversation that is in this file, if there is one, and keep it there.", valueName: "file"))
    var session: String?

    @Flag(help: "Leave the file of --session as it is.")
    var sessionReadOnly = false

    func validate() throws {
        if session == "" { throw ValidationError("--session needs the name of a file") }
        if let session { try OutputName.check(session, for: "--session") }
        if sessionReadOnly, session == nil { throw ValidationError("--session-read-only goes with --session FILE") }
    }

    /// The file that will be written; nil if none will.
    var target: String? { sessionReadOnly ? nil : session }

    /// The session in the file, or a new one. Throws also if the file can't be written later: before the work, not after.
    func open(_ model: Model) throws -> Session {
        guard let session else { return try model.makeSession() }
        if let target { _ = try AtomicFile(target: target) }
        return sessionReadOnly || exists(session) ? try model.session(from: session) : try model.makeSession()
    }

    /// Keeps the session in the file.
    func save(_ session: Session) throws(ModelError) {
        if let target { try session.save(to: target) }
    }

    /// What has become of the file, in a clause: after ``save(_:)``, and without it. Empty if none will be written.
    var kept: String { target.map { "the conversation is in \($0)" } ?? "" }
    var untouched: String { target.map { exists($0) ? "\($0) is as it was" : "\($0) was not written" } ?? "" }

    private func exists(_ path: String) -> Bool { access(path, F_OK) == 0 || errno != ENOENT }
}
