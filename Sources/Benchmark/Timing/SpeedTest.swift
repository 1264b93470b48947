/// A test in llama-bench's terms.
public struct SpeedTest: Equatable, Sendable {
    /// How tokens are fed.
    public enum Kind: Sendable {
        /// A prompt fed at once, with the logits of its last token: `pp`.
        case prompt
        /// Tokens fed one by one, each with its logits: `tg`.
        case generation
    }

    /// How the tokens that are timed are fed.
    public let kind: Kind
    /// Tokens that are timed.
    public let tokens: Int
    /// Tokens that were fed before.
    public let depth: Int

    /// A test of `tokens` tokens after `depth` others.
    public init(_ kind: Kind, tokens: Int, depth: Int) {
        self.kind = kind
        self.tokens = tokens
        self.depth = depth
    }

    /// `pp256`, `tg64 @ d2048`.
    public var name: String { (kind == .prompt ? "pp" : "tg") + String(tokens) + (depth > 0 ? " @ d\(depth)" : "") }

    /// The tests for all combinations; a number of 0 tokens leaves its kind out. Depths rise: going on is
    /// cheaper than starting again.
    public static func tests(prompts: [Int], generations: [Int], depths: [Int]) -> [SpeedTest] {
        depths.sorted().flatMap { depth in
            prompts.filter { $0 > 0 }.map { SpeedTest(.prompt, tokens: $0, depth: depth) }
                + generations.filter { $0 > 0 }.map { SpeedTest(.generation, tokens: $0, depth: depth) }
        }
    }
}
