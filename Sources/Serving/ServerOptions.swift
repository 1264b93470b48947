import HTTPServer

/// What can be chosen when a server starts.
package struct ServerOptions: Sendable {
    /// The model's name for clients.
    package var name: String
    /// Answers that are made at the same time, and requests that wait at most.
    package var parallel = 4, queueLimit = 64
    /// Bytes for snapshots of conversations in memory.
    package var snapshotBytes = 128 << 20
    /// Where sessions are kept as files, nil for nowhere, and the bytes that they may take.
    package var sessionFolder: String?
    package var sessionFolderLimit = 1 << 30
    /// Tokens that a prompt may have, and those of an answer whose request doesn't say.
    package var promptTokenLimit = 100_000, usualAnswerTokens = 2048
    /// Tokens of an answer at most, whatever its request says.
    package var answerTokenLimit = 32_768
    /// Refuse requests that name another model.
    package var isStrict = false
    /// The name of this machine for `X-Board`.
    package var board: String?
    package var keys = AccessKeys()
    /// Names under which the server may be reached, and origins of pages that may ask it.
    package var hosts: Set<String> = [], origins: Set<String> = []
    package var http = HTTPLimits()

    /// The usual ones, for a model of this name.
    package init(name: String) { self.name = name }
}
