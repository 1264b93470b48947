import System

/// Why a chunk of tokens could not be computed. A pointer wide, whatever it says: it passes through each step of a pass.
public indirect enum ForwardPassError: Error, Equatable {
    /// Numbers came up that are infinite or NaN.
    case nonFinite(NonFiniteNumbers)
    /// The file can't be read any more: it was cut while it was mapped, or its disk failed.
    case unreadable(FileProblem)

    /// The same as a problem of the model's file, and what to do about it if it has numbers that are not finite.
    public func problem(_ path: String, advice: String) -> FileProblem {
        switch self {
        case .nonFinite(let numbers): FileProblem(.notFinite, path: path, problem: numbers.description, advice: advice)
        case .unreadable(let problem): problem
        }
    }
}
