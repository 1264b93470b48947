import ArgumentParser
import RGEdge

/// What stays in memory, on the command line.
public struct ResidencyArgument: ExpressibleByArgument, CustomStringConvertible {
    public let residency: Residency
    public let description: String

    public init(_ residency: Residency) {
        self.residency = residency
        description = "\(residency)"
    }

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

    public var defaultValueDescription: String { description }
}
