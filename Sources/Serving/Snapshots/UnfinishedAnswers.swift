import RGEdge
import System

/// Answers that nobody waited for any more: a client that asks the same again, as they do after a timeout, gets what was made and the
/// rest of it, as if it had never gone.
///
/// A few of the newest; each holds a snapshot.
final class UnfinishedAnswers: Sendable {
    /// Which answer it is.
    struct Key: Hashable, Sendable {
        var request: UInt64
        var owner: Owner
        var prompt: Int
        var choice: Int
    }

    /// How far it came.
    struct Answer: Sendable {
        let seed: UInt64
        let pieces: [AnswerPiece]
        let tokens: Int
        let snapshot: Snapshot
        fileprivate let age = Stopwatch()

        init(seed: UInt64, pieces: [AnswerPiece], tokens: Int, snapshot: Snapshot) {
            self.seed = seed
            self.pieces = pieces
            self.tokens = tokens
            self.snapshot = snapshot
        }
    }

    /// How many are kept, and for how many seconds.
    static let limit = 4, seconds = 600.0

    private let answers = Guarded<[(key: Key, answer: Answer)]>([])

    func keep(_ answer: Answer, as key: Key) {
        answers.withLock { answers in
            answers.removeAll { $0.key == key || $0.answer.age.seconds > Self.seconds }
            answers.append((key, answer))
            if answers.count > Self.limit { answers.removeFirst() }
        }
    }

    /// Removes and returns an answer with this seed.
    func take(_ key: Key, seed: UInt64) -> Answer? {
        answers.withLock { answers in
            guard let index = answers.firstIndex(where: { $0.key == key && $0.answer.seed == seed }) else { return nil }
            let answer = answers.remove(at: index).answer
            return answer.age.seconds <= Self.seconds ? answer : nil
        }
    }

    /// The seed of an answer to the same request; nil if none is kept.
    func seed(ofRequest request: UInt64, owner: Owner) -> UInt64? {
        answers.withLock { answers in
            answers.first { $0.key.request == request && $0.key.owner == owner }.map {
                $0.answer.seed &- UInt64($0.key.choice)
            }
        }
    }
}
