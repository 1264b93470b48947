import CommandSupport
import JSON
import RGEdge
import System

/// What a generation took.
struct GenerationSummary {
    let result: GenerationResult
    let model: Model
    let sampling: Sampling

    private var prefillSeconds: Double { result.prefillTime.seconds }
    private var decodeSeconds: Double { result.decodeTime.seconds }
    private var prefillRate: Double { rate(result.promptTokens - result.reusedTokens, prefillSeconds) }
    private var decodeRate: Double { rate(result.generatedTokens, decodeSeconds) }
    /// Decoding a token reads every weight once, at most; one that was guessed, or left no choice, came with another.
    private var bytesPerSecond: Double {
        rate(max(1, result.generatedTokens - result.acceptedTokens - result.forcedTokens), decodeSeconds)
            * Double(model.weights.bytesPerToken)
    }
    private var allocatedBytes: Int { model.sharedBytes + model.sessionBytes }
    /// The seed, if chance had a part.
    private var seed: UInt64? { sampling.temperature > 0 ? sampling.seed : nil }

    private func rate(_ count: Int, _ seconds: Double) -> Double { seconds > 0 ? Double(count) / seconds : 0 }

    /// One line for people.
    var line: String {
        "prompt: \(result.promptTokens) tokens\(reused), \(Format.short(prefillRate)) tokens/s; "
            + "text: \(result.generatedTokens) tokens\(forced)\(guessed), \(Format.short(decodeRate)) tokens/s, "
            + "\(Format.bytes(bytesPerSecond))/s; "
            + "memory: \(Format.bytes(model.mappedBytes)) mapped, \(Format.bytes(allocatedBytes)) allocated; "
            + "\(model.threads == 1 ? "1 thread" : "\(model.threads) threads"), \(model.kernels.name)"
            + (seed.map { "; seed \($0)" } ?? "")
    }

    private var reused: String { result.reusedTokens > 0 ? " (\(result.reusedTokens) from the cache)" : "" }
    private var forced: String { result.forcedTokens > 0 ? " (\(result.forcedTokens) without a choice)" : "" }
    private var guessed: String {
        result.draftedTokens > 0 ? " (\(result.acceptedTokens) of \(result.draftedTokens) guesses were right)" : ""
    }

    /// The same for programs.
    var json: JSONValue {
        [
            "finish": .string(result.finish.rawValue),
            "prompt_tokens": .integer(Int64(result.promptTokens)),
            "reused_tokens": .integer(Int64(result.reusedTokens)),
            "generated_tokens": .integer(Int64(result.generatedTokens)),
            "forced_tokens": .integer(Int64(result.forcedTokens)),
            "drafted_tokens": .integer(Int64(result.draftedTokens)),
            "accepted_tokens": .integer(Int64(result.acceptedTokens)),
            "prefill_seconds": .real(prefillSeconds),
            "decode_seconds": .real(decodeSeconds),
            "prefill_tokens_per_second": .real(prefillRate),
            "decode_tokens_per_second": .real(decodeRate),
            "bytes_read_per_second": .real(bytesPerSecond),
            "mapped_bytes": .integer(Int64(model.mappedBytes)),
            "allocated_bytes": .integer(Int64(allocatedBytes)),
            "threads": .integer(Int64(model.threads)),
            "kernels": .string(model.kernels.name),
            "seed": seed.map { .integer(Int64($0)) } ?? .null,
        ]
    }
}
