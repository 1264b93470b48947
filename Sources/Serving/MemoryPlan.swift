import RGEdge
import System

/// What a server takes of memory at most, known before the first request.
package struct MemoryPlan {
    /// A part and its bytes.
    package let parts: [(name: String, byteCount: Int)]

    package init(_ model: Model, _ options: ServerOptions) {
        let answer = model.sessionBytes + model.snapshotBytes + model.constraintBytes
        // Beside the answers: a file that is read or written, unfinished answers, and a prompt's end for its further answers.
        let extra = (1 + UnfinishedAnswers.limit + 3 * options.parallel) * model.snapshotBytes
        parts = [
            ("weights", model.residentBytes), ("for all answers", model.sharedBytes),
            ("for \(options.parallel) answers at a time", options.parallel * answer), ("for conversations", options.snapshotBytes),
            ("for those under way", extra),
            (
                "for texts and grammars",
                model.encoderBytes + model.encodingBytes + model.constraintCompileBytes + ConstraintCache.byteLimit
            ),
            ("for requests and connections", JobQueue.byteLimit + 2 * Clerk.byteLimit + (96 << 20)),
        ]
    }

    /// All together.
    package var byteCount: Int { parts.reduce(0) { $0 + $1.byteCount } }

    /// A line for people.
    package var text: String {
        func megabytes(_ bytes: Int) -> String { "\((bytes + 999_999) / 1_000_000) MB" }
        return "Memory: at most \(megabytes(byteCount)): "
            + parts.map { "\($0.name) \(megabytes($0.byteCount))" }.joined(separator: ", ")
    }
}
