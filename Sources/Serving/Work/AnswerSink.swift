import RGEdge

/// Where the answers of a request go. Called by the threads that make them, which for different answers may be different ones.
protocol AnswerSink: AnyObject, Sendable {
    /// True once nobody waits for the answers any more: asked before each pass.
    var isGone: Bool { get }
    /// So many tokens of a prompt have been read.
    func progress(done: Int, total: Int)
    /// An answer begins.
    func begin(choice: Int)
    /// A part of an answer.
    func append(_ piece: AnswerPiece, choice: Int)
    /// An answer is whole.
    func finish(choice: Int, _ finish: Finish)
    /// All answers are.
    func complete(_ totals: Totals)
    /// There will be no more. Does nothing after the first time, or after ``complete(_:)``.
    func fail(_ error: APIError)
}

/// What a request has cost.
struct Totals: Equatable, Sendable {
    /// Tokens of all prompts, and those of them that were there already.
    var promptTokens = 0, reusedTokens = 0
    /// Tokens of all answers.
    var generatedTokens = 0
    /// Seconds that the prompts took, and the longest answer.
    var promptSeconds = 0.0, answerSeconds = 0.0

    /// Those of the prompts that were computed.
    var computedTokens: Int { promptTokens - reusedTokens }
}
