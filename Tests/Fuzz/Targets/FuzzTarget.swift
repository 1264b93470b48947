/// Something that takes bytes from strangers, and inputs to begin with.
///
/// `run` takes anything. It traps where what it calls traps, and where a promise is broken (``promise(_:_:)``): that is a finding.
public struct FuzzTarget: Sendable {
    /// What `tools/fuzz` calls it.
    public let name: String
    /// Bytes of the largest input worth trying.
    public let largestInput: Int
    /// Inputs of which mutations get far.
    public let seeds: @Sendable () -> [[UInt8]]
    /// Tries an input; true if it was taken for what it should be, and so got behind the parser.
    public let run: @Sendable ([UInt8]) -> Bool

    /// All of them.
    public static let all: [FuzzTarget] = [
        .safetensors, .index, .config, .statistics, .tokenizer, .template, .text, .model, .session, .line, .schema,
        .gbnf, .regex,
    ]

    /// The one of that name, or nil.
    public static func named(_ name: String) -> FuzzTarget? { all.first { $0.name == name } }
}

/// Ends the process unless what a function promises is true of what it returned.
func promise(_ isKept: Bool, _ text: @autoclosure () -> String) {
    guard isKept else { fatalError("broken promise: \(text())") }
}
