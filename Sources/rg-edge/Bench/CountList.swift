import ArgumentParser

/// Numbers separated by commas, as llama-bench takes them: `1,2`.
struct CountList: ExpressibleByArgument {
    /// At least one, none negative.
    let counts: [Int]

    init(_ counts: [Int]) { self.counts = counts }

    init?(argument: String) {
        let counts = argument.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
        guard counts.allSatisfy({ $0 != nil && $0 ?? 0 >= 0 && $0 ?? 0 <= 1 << 40 }) else { return nil }
        self.counts = counts.compactMap(\.self)
    }

    var defaultValueDescription: String { counts.map(String.init).joined(separator: ",") }
}
