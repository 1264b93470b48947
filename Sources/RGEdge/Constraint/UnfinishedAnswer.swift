/// What a saved session knows of an answer under a constraint that isn't finished.
struct UnfinishedAnswer: Equatable {
    /// The constraint's.
    let fingerprint: UInt64
    /// Tokens so far: the last ones of the session.
    var count: Int
}
