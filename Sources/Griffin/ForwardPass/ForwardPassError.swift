import ModelFile

/// Why a chunk of tokens could not be computed.
public enum ForwardPassError: Error, Equatable {
    /// Numbers came up that are infinite or NaN.
    case nonFinite(NonFiniteNumbers)
    /// The file can't be read any more: it was cut while it was mapped, or its disk failed.
    case unreadable(ModelFileError)
}
