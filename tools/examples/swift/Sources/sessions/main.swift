// Reads a prompt once, and lets three sessions go on with it, all at once.
//
//   swift run -c release sessions MODEL.rgq "In the beginning"
import Glibc
import RGEdge

/// What a session makes of what it has read.
func text(_ session: Session, seed: UInt64) async throws(ModelError) -> String {
    let options = GenerationOptions(sampling: Sampling(temperature: 0.8, topP: 0.95, seed: seed), maxTokens: 24)
    var text = ""
    for try await piece in session.stream("", options: options) { text += piece }
    return text
}

guard CommandLine.arguments.count == 3 else {
    print("usage: sessions MODEL PROMPT")
    exit(64)
}
do {
    let model = try Model(path: CommandLine.arguments[1])
    let shape: Configuration = model.configuration
    print("\(shape.layerCount) layers; \(model.sessionBytes) bytes per session")

    let start = try model.makeSession()
    try start.feed([shape.bos] + model.encode(CommandLine.arguments[2]))
    try await withThrowingTaskGroup(of: String.self) { group in
        for seed: UInt64 in 1...3 {
            // The task's from here on: the compiler lets nobody else use it.
            let session = try start.fork()
            group.addTask { "\(seed): " + (try await text(session, seed: seed)) }
        }
        for try await line in group { print(line) }
    }
} catch {
    print("sessions: \(error)")
    exit(1)
}
