import RGEdge
import System
import Text

// Whether an answer is what a request says must not depend on what the server remembers. So a conversation that comes back with the
// answer is known by the tokens that a tokenizer makes of it, and what is kept is the state after these. They are nearly always those
// that the model chose; where they aren't (white space at the end, a word cut by a stop text, an unusual spelling), the answer is
// read once more, for whoever goes on from it.
extension Answering {
    /// The fewest tokens that a file must save beyond what there was, for the end of a prompt to be stored.
    static let leastFileGain = 256

    /// Keeps the session after an answer, and tells the client that the answer has ended: with a folder, once any server that has it
    /// can go on. Then stores the end of a long prompt. What goes wrong costs nothing but the work that it would have saved.
    func remember(_ text: String, after beginning: Beginning) {
        do throws(ModelError) {
            try session.constrain(by: nil)
            if let tokens = try tokens(after: text) { keep(tokens, after: beginning) } else { job.complete() }
        } catch {
            job.complete()
        }
        if prompt.tokens.count - beginning.reused >= Self.leastFileGain { saveEnd(beginning) }
    }

    /// Stores the end of the prompt as a file.
    func saveEnd(_ beginning: Beginning) {
        guard let files = engine.files, let end = beginning.promptEnd, (try? session.restore(end)) != nil else { return }
        files.store(session, of: owner)
    }

    /// The tokens of the prompt and its answer, as they come back; nil if that can't be told.
    private func tokens(after text: String) throws(ModelError) -> [UInt32]? {
        guard !text.trimmed.isEmpty else { return nil }
        switch prompt.source {
        case .conversation(var messages):
            if let last = messages.last, last.role == .model {
                messages[messages.count - 1].text += text
            } else {
                messages.append(.model(text))
            }
            let conversation = messages
            return try engine.encoder.encode { encoder throws(ModelError) in try engine.model.encode(conversation, with: encoder) }
        case .text(let start):
            let tokens = try engine.encoder.encode { encoder throws(ModelError) in
                try engine.model.encode(start + text, with: encoder)
            }
            return [engine.model.configuration.bos] + tokens
        case .tokens: return nil
        }
    }

    /// Brings the session to after these tokens, keeps it there, and completes the answer.
    private func keep(_ tokens: [UInt32], after beginning: Beginning) {
        if session.hasConsumed(tokens[...]) {
            engine.snapshots.keep(session, after: tokens, of: owner)
            engine.files?.store(session, of: owner)
            return job.complete()
        }
        guard case .conversation = prompt.source, let end = beginning.promptEnd, tokens.starts(with: prompt.tokens) else {
            return job.complete()
        }
        // Who goes on from here meanwhile waits for it, as for any prompt that is being read.
        let reading = engine.prompts.begin(tokens, of: owner, from: prompt.tokens.count)
        defer { engine.prompts.end(reading) }
        if engine.files == nil { job.complete() }
        defer { if engine.files != nil { job.complete() } }
        do throws(ModelError) {
            try session.restore(end)
            let rest = tokens[prompt.tokens.count...]
            guard try session.feedUntilCancelled(rest, isCancelled: { engine.mustStop }) == rest.count else { return }
            engine.snapshots.keep(session, after: tokens, of: owner)
            engine.prompts.advance(reading, to: tokens.count)
            engine.files?.store(session, of: owner)
        } catch {
            session.reset()
        }
    }
}
