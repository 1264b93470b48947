import ArgumentParser
import CommandSupport
import ModelArguments
import RGEdge

/// How an answer is made.
struct GenerationArguments: ParsableArguments {
    @Option(
        name: [.customShort("n"), .long], parsing: .unconditional,
        help: ArgumentHelp(
            "The most tokens to generate; -1: until the model ends. (default: -1 in a chat, 256 otherwise)", valueName: "count"))
    var maxTokens: Int?

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("End before this text; may be given several times.", valueName: "text"))
    var stop: [String] = []

    @OptionGroup var sampling: SamplingArguments
    @OptionGroup var form: ConstraintArguments

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Guess up to this many tokens from what the text has said before: the same text, sooner where it repeats itself.",
            valueName: "count"))
    var lookup = 0

    @Option(
        help: ArgumentHelp(
            "Keep the beginnings of prompts in this folder, and start from them when they come again.",
            discussion: """
                The files are for their user alone, and those of others are not used, unless the folder is shared: its group \
                (chmod g+rwxs), or everybody (chmod 1777), may write in it. Whoever may do that can read the prompts that are \
                kept, and decide how they are answered.
                """,
            valueName: "folder"),
        completion: .directory)
    var promptCache: String?

    @Option(
        help: ArgumentHelp(
            "The most that the folder of --prompt-cache may take, like 500M or 2G; what was used longest ago goes first. (default: 1G)",
            valueName: "bytes"))
    var promptCacheLimit: ByteCount?

    /// A base model seldom ends by itself.
    private static let usualTextLength = 256
    private static let usualCacheLimit = 1_000_000_000

    func validate() throws {
        if let maxTokens, maxTokens < -1 {
            throw ValidationError("--max-tokens must be a count, or -1 for no limit, not \(maxTokens)")
        }
        if stop.contains("") { throw ValidationError("--stop needs a text that is not empty") }
        let lookupLimit = GenerationOptions.lookupLimit
        if !(0...lookupLimit).contains(lookup) { throw ValidationError("--lookup must be 0 to \(lookupLimit), not \(lookup)") }
        if promptCache == "" { throw ValidationError("--prompt-cache needs the name of a folder") }
        if let promptCache { try OutputName.check(promptCache, for: "--prompt-cache", kind: .folder) }
        if promptCacheLimit != nil, promptCache == nil {
            throw ValidationError("--prompt-cache-limit goes with --prompt-cache FOLDER")
        }
    }

    /// The options for answers of a model, one chat turn or plain text. `usual` is how tokens are chosen where no argument says
    /// otherwise; nil for the likeliest each time.
    func options(for model: Model, asChatTurn: Bool, usual: Sampling? = nil) throws -> GenerationOptions {
        var options = GenerationOptions()
        options.constraint = try form.constraint(for: model)
        options.asChatTurn = asChatTurn
        options.sampling = sampling.sampling(usual: usual)
        options.stop = stop
        options.lookup = lookup
        options.maxTokens =
            switch maxTokens {
            case nil: asChatTurn ? nil : Self.usualTextLength
            case -1: nil
            case let count?: count
            }
        if let promptCache {
            options.cache = try PromptCache(
                folder: promptCache, limit: promptCacheLimit?.bytes ?? Self.usualCacheLimit, model: model
            ) { Diagnostics.report($0, command: "rg-edge") }
        }
        return options
    }
}
