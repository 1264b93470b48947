import Griffin

extension Model {
    /// Sessions that can be fed in one pass.
    package static var sessionsPerPass: Int { ForwardPass.usualRunCapacity }

    /// Feeds each of several sessions a token of its own, in one pass: the weights are read once for all of them. Their logits are
    /// those of feeding each alone, to the bit. `room` is for the logits until the pass is known to be good.
    /// [sessions × vocabulary]
    ///
    /// Throws, with all sessions as before, for more than ``sessionsPerPass`` sessions, one that comes twice or is of another model,
    /// and tokens outside the vocabulary or not one for each; and as ``Session/feed(_:)`` does.
    package func feed(
        _ tokens: [UInt32], toEach sessions: [Session], room: UnsafeMutablePointer<Float>
    ) throws(ModelError) {
        try checkFile()
        let vocabulary = configuration.vocabularySize
        guard tokens.count == sessions.count, sessions.count <= Self.sessionsPerPass else {
            throw ModelError(
                .argument, "\(tokens.count) tokens for \(sessions.count) sessions; give each one, up to \(Self.sessionsPerPass)")
        }
        guard sessions.allSatisfy({ $0.model === self }), Set(sessions.map(ObjectIdentifier.init)).count == sessions.count else {
            throw ModelError(.argument, "a session is of another model, or there twice")
        }
        if let token = tokens.first(where: { Int($0) >= vocabulary }) {
            throw ModelError(.argument, "token \(token) is outside the vocabulary of \(vocabulary)")
        }
        for session in sessions { session.settle() }
        try tokens.withUnsafeBufferPointer { tokens throws(ModelError) in
            let runs = sessions.enumerated().map { index, session in
                Run(
                    UnsafeBufferPointer(rebasing: tokens[index..<index + 1]), to: session.memory.state,
                    output: .last(room + index * vocabulary))
            }
            try runs.withUnsafeBufferPointer { runs throws(ModelError) in try feed(runs) }
        }
        for (index, session) in sessions.enumerated() {
            session.memory.note(tokens[index])
            session.memory.logits.baseAddress?.update(from: room + index * vocabulary, count: vocabulary)
        }
    }
}
