import RGEdge

/// Does with a session what a host may do. Errors are fine.
func exercise(_ session: Session) {
    let model = session.model
    var options = GenerationOptions(maxTokens: 3)
    options.sampling.repetitionPenalty = 1.3
    _ = try? session.generate("a<b> \u{FFFD}x", options: options) { _ in true }
    options = GenerationOptions(maxTokens: 3)
    options.sampling.temperature = 1
    options.sampling.seed = 7
    options.asChatTurn = model.isInstructionTuned
    options.lookup = 2
    _ = try? session.generate("x", options: options) { _ in true }
    let last = UInt32(model.configuration.vocabularySize - 1)
    try? session.feed([0, last, last / 2])
    let bytes = session.serialized()
    do {
        let copy = try model.session(deserializing: bytes.span.bytes)
        promise(copy.serialized() == bytes, "a session that was brought back is the same")
    } catch {
        promise(error.kind == .content || error.kind == .memory, "a session that was saved can be brought back: \(error)")
    }
}
