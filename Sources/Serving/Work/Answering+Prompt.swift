import RGEdge
import System

extension Answering {
    /// Brings the session to the end of the prompt, from the longest beginning of it that is known. Returns a snapshot there, if one is
    /// kept, and how many tokens did not have to be computed; nil if somebody stopped it, in which case what was read is kept.
    func readPrompt() throws(ModelError) -> (end: Snapshot?, reused: Int)? {
        let tokens = prompt.tokens, watch = Stopwatch()
        // The others begin where the first one did.
        if task.choice > 0, let end = job.takeEnd(ofPrompt: task.prompt) {
            try session.restore(end)
            return (end, tokens.count)
        }
        let (reading, reused) = try beginReading()
        defer { engine.prompts.end(reading) }
        worker.note { ($0.promptTokens, $0.processedTokens) = (tokens.count, reused) }
        guard try isRead(from: reused, as: reading) else { return nil }
        var end = engine.snapshots.keep(session, after: tokens, of: owner)
        engine.prompts.advance(reading, to: tokens.count)
        if task.choice == 0, job.request.count > 1 {
            if end == nil { end = try session.snapshot() }
            job.keepEnd(end, ofPrompt: task.prompt)
        }
        if task.choice == 0 { job.notePrompt(tokens: tokens.count, reused: reused, seconds: watch.seconds) }
        engine.figures.notePrompt(tokens: tokens.count, reused: reused, seconds: watch.seconds)
        return (end, reused)
    }

    /// Brings the session to the longest beginning of the prompt that is known, in memory or in a file, and returns how many tokens
    /// that has. Waits for who is reading more of it.
    private func beginReading() throws(ModelError) -> (PromptsInProgress.Reading, reused: Int) {
        let tokens = prompt.tokens
        while true {
            let kept = engine.snapshots.longest(beginning: tokens, of: owner)
            var count = kept?.count ?? 0, isFile = false
            if count < tokens.count, let files = engine.files {
                if let stored = files.resume(session, beginning: tokens, of: owner, longerThan: count) {
                    (count, isFile) = (stored, true)
                }
            }
            let reading = engine.prompts.begin(
                tokens, of: owner, from: count, waits: engine.snapshots.hasRoom(after: tokens.count), isCancelled: isCancelled)
            guard let reading else { continue }
            do throws(ModelError) {
                if isFile {
                    // For others that begin so.
                    engine.snapshots.keep(session, after: Array(tokens[..<count]), of: owner)
                } else if let kept {
                    try session.restore(kept.snapshot)
                } else {
                    session.reset()
                }
                // What an answer that was cut short had to look like says nothing of what comes after it.
                try session.constrain(by: nil)
            } catch {
                engine.prompts.end(reading)
                throw error
            }
            return (reading, count)
        }
    }

    /// Reads the prompt from a position on, and keeps snapshots at the end of its instructions, where it parts from others, and where it
    /// was stopped. False if it was.
    private func isRead(from start: Int, as reading: PromptsInProgress.Reading) throws(ModelError) -> Bool {
        let tokens = prompt.tokens
        let parting = engine.snapshots.commonBeginning(of: tokens, owner: owner)
        let places = [prompt.cut, parting]
        var position = start
        while position < tokens.count {
            var stop = reading.stop(after: position)
            for place in places where place >= position + SnapshotStore.leastGain && place < stop { stop = place }
            let begin = position
            position += try session.feedUntilCancelled(
                tokens[position..<stop],
                isCancelled: { isCancelled() || reading.wantsStop(in: Int(session.position)..<stop) },
                onProgress: { done in
                    worker.note { $0.processedTokens = begin + done }
                    reading.note(read: begin + done)
                    job.sink.progress(done: begin + done, total: tokens.count)
                })
            if isCancelled() {
                try keepStopped(position, since: start)
                return false
            }
            if position == stop, stop < tokens.count {
                engine.snapshots.keep(session, after: Array(tokens[..<stop]), of: owner)
                engine.prompts.advance(reading, to: stop)
                if stop == prompt.cut, stop - start >= Self.leastFileGain { engine.files?.store(session, of: owner) }
            }
        }
        return true
    }

    /// Keeps what was read of a prompt that somebody has stopped, in memory, or if the server ends in a file.
    private func keepStopped(_ position: Int, since start: Int) throws(ModelError) {
        guard position >= start + SnapshotStore.leastGain else { return }
        guard engine.isDraining, let files = engine.files else {
            engine.snapshots.keep(session, after: Array(prompt.tokens[..<position]), of: owner)
            return
        }
        // Only where there are logits can a session be saved, and a pass that was cut from a prompt leaves none.
        if position < prompt.tokens.count { try session.feed([prompt.tokens[position]]) }
        files.store(session, of: owner)
    }
}
