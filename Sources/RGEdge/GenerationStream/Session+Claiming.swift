// A session that a stream makes an answer with is used by the stream's thread. The compiler keeps all other uses in one place, where
// the stream is read as well (neither is Sendable), so the two that can meet are that place and the thread. What uses a session
// begins with one of these; they do nothing in the thread itself.
extension Session {
    /// Throws while an answer is being streamed. Waits for the end of one that was given up, which takes a pass at most.
    func claim() throws(ModelError) {
        guard let streamed, !streamed.isOwnThread else { return }
        guard streamed.isGivenUp || streamed.isOver else {
            throw ModelError(
                .argument, "an answer of this session is being streamed; read it to its end or leave it, or fork the session before"
            )
        }
        streamed.waitForEnd()
        self.streamed = nil
    }

    /// Runs `body`, which reads what the session holds. While an answer is being streamed, that is after the pass under way, and
    /// the answer doesn't go on meanwhile, even if its task is cancelled.
    func reading<Value>(_ body: () -> Value) -> Value {
        guard let streamed, !streamed.isOwnThread else { return body() }
        return streamed.whilePaused(body)
    }

    /// True while an answer is being streamed, except in its thread. Waits for the end of one that was given up.
    var isStreaming: Bool {
        do throws(ModelError) {
            try claim()
            return false
        } catch {
            return true
        }
    }

    /// Ends an answer that is being streamed, and waits for that, which takes a pass at most.
    func endStream() {
        guard let streamed, !streamed.isOwnThread else { return }
        streamed.giveUp()
        streamed.waitForEnd()
        self.streamed = nil
    }
}
