/// What the threads that have to do with an answer share.
struct AnswerState {
    /// How far the service is with the answer.
    enum Stage {
        /// Nothing was given.
        case waiting
        case begun
        /// All was given.
        case over
        /// The service gave it up.
        case aborted
        /// The client has gone before.
        case gone
    }

    var stage = Stage.waiting
    /// What the loop hasn't taken.
    var batch = AnswerBatch()
    /// True if the loop will take the batch.
    var isScheduled = false
    /// Bytes that the loop has taken and the system hasn't.
    var unsentBytes = 0
    var waitingThreads = 0
    var whenGone: [@Sendable () -> Void] = []

    var pendingBytes: Int { batch.bytes.count + unsentBytes }
}
