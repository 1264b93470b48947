import Glibc

/// How far stored weights are from the original ones. Figures of parts are merged into those of the whole.
public struct ErrorFigures: Equatable, Sendable {
    /// Sum of the squares of the original weights.
    public var squares = 0.0
    /// Sum of the squares of the differences.
    public var squaredErrors = 0.0
    /// Largest magnitude of an original weight.
    public var largestWeight: Float = 0
    /// Largest magnitude of a difference.
    public var largestError: Float = 0

    /// The figures of no weights.
    public init() {}

    /// True if no weight differs. A stored NaN makes the sum a NaN, which is not 0.
    public var isExact: Bool { squaredErrors == 0 }

    /// sqrt(Σ error² / Σ weight²), 0 where all weights are 0: the part of the weights that is lost. Not
    /// finite if stored weights are not.
    public var relativeError: Double {
        squares > 0 || !squaredErrors.isFinite ? (squaredErrors / squares).squareRoot() : 0
    }

    /// Signal to noise in decibels: 10 · log10(Σ weight² / Σ error²); nil where all weights are exact, or one is stored as NaN.
    public var signalToNoise: Double? { squaredErrors > 0 ? 10 * log10(squares / squaredErrors) : nil }

    /// True if this is worse than another: by relative error, where one that is not finite is worse than any that is.
    public func isWorse(than other: ErrorFigures) -> Bool {
        guard relativeError.isFinite, other.relativeError.isFinite else {
            return !relativeError.isFinite && other.relativeError.isFinite
        }
        return relativeError > other.relativeError
    }

    /// Adds the figures of another part. Sums may differ in the last digits where parts are merged in another order.
    public mutating func merge(_ other: ErrorFigures) {
        squares += other.squares
        squaredErrors += other.squaredErrors
        largestWeight = max(largestWeight, other.largestWeight)
        largestError = max(largestError, other.largestError)
    }
}
