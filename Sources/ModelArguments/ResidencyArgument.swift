import ArgumentParser
import RGEdge

/// What stays in memory, on the command line.
public struct ResidencyArgument: ExpressibleByArgument, CustomStringConvertible {
    /// What it means.
    public let residency: Residency
    /// As it was written.
    public let description: String

    /// A default.
    public init(_ residency: Residency) {
        self.residency = residency
        description = "\(residency)"
    }

    /// Nil for what is neither a word that is known nor a size.
    public init?(argument: String) {
        switch argument {
        case "auto": residency = .auto
        case "all": residency = .all
        case "mapped": residency = .mapped
        default:
            guard let count = ByteCount(argument: argument) else { return nil }
            residency = .bytes(count.bytes)
        }
        description = argument
    }

    /// As help shows it.
    public var defaultValueDescription: String { description }
}
