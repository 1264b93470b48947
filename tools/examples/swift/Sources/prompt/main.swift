// Streams a model's answer.
//
//   swift run -c release prompt MODEL.rgq "Why is the sky blue?"
import Glibc
import RGEdge

guard CommandLine.arguments.count == 3 else {
    print("usage: prompt MODEL PROMPT")
    exit(64)
}
do {
    let model = try Model(path: CommandLine.arguments[1])
    let session = try model.makeSession()
    let stream = session.stream(CommandLine.arguments[2], options: GenerationOptions(asChatTurn: model.isInstructionTuned))
    for try await piece in stream {
        print(piece, terminator: "")
        fflush(nil)
    }
    print()
    if let result = stream.result { print("(\(result.generatedTokens) tokens in \(result.decodeTime))") }
} catch {
    print("prompt: \(error)")
    exit(1)
}
