import ArgumentParser
import ModelArguments
import Serving

/// How much at once, and how much memory for it.
struct CapacityArguments: ParsableArguments {
    @Option(help: ArgumentHelp("Answers that are made at the same time; each has a session of its own.", valueName: "count"))
    var parallel = 4

    @Option(help: ArgumentHelp("Requests that wait at most; more are answered 429.", valueName: "count"))
    var maxQueue = 64

    @Option(help: ArgumentHelp("Memory for conversations to go on with.", valueName: "size"))
    var sessionMemory = ByteCount("128M")

    @Option(
        help: ArgumentHelp(
            "Folder for conversations to go on with after a restart, or on another machine that has the folder.",
            valueName: "folder"),
        completion: .directory)
    var sessions: String?

    @Option(help: ArgumentHelp("What that folder may take; what was used longest ago goes first.", valueName: "size"))
    var sessionsLimit = ByteCount("1G")

    @Option(help: ArgumentHelp("Tokens that a prompt may have.", valueName: "count"))
    var maxPromptTokens = 100_000

    @Option(help: ArgumentHelp("Tokens of an answer at most, where the request doesn't say.", valueName: "count"))
    var maxTokens = 2048

    @Option(help: ArgumentHelp("Tokens of an answer at most, whatever the request says.", valueName: "count"))
    var maxAnswerTokens = 32_768

    @Option(
        help: ArgumentHelp("Milliseconds that a pass through the model should last at most. (default: 250)", valueName: "count"))
    var latency: Int?

    func validate() throws {
        if let latency { try check("--latency", latency, 1...60_000) }
        try check("--parallel", parallel, 1...64)
        try check("--max-queue", maxQueue, 0...10_000)
        try check("--max-prompt-tokens", maxPromptTokens, 1...100_000_000)
        try check("--max-tokens", maxTokens, 1...100_000_000)
        try check("--max-answer-tokens", maxAnswerTokens, 1...100_000_000)
    }

    private func check(_ option: String, _ value: Int, _ range: ClosedRange<Int>) throws {
        guard !range.contains(value) else { return }
        throw ValidationError("\(option) must be \(range.lowerBound) to \(range.upperBound), not \(value)")
    }

    func apply(to options: inout ServerOptions) {
        options.parallel = parallel
        options.queueLimit = maxQueue
        options.snapshotBytes = sessionMemory.bytes
        options.sessionFolder = sessions
        options.sessionFolderLimit = sessionsLimit.bytes
        options.promptTokenLimit = maxPromptTokens
        options.usualAnswerTokens = maxTokens
        options.answerTokenLimit = maxAnswerTokens
    }
}
