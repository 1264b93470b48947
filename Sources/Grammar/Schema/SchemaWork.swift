import System

/// Counts what the reading of a schema takes: alternatives in each other multiply.
final class SchemaWork: Sendable {
    private let count = Guarded(0)

    /// Takes a step; throws once there were too many.
    func take() throws(GrammarError) {
        let isTooMuch = count.withLock { count in
            count += 1
            return count > Limits.schemaSteps
        }
        if isTooMuch {
            throw GrammarError(
                .whole, "takes more than \(Limits.schemaSteps) steps to read: alternatives within each other multiply",
                advice: "use fewer anyOf, oneOf, not and if within each other")
        }
    }
}
