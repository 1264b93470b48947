/// Coded as "auto", "all" or "mapped", or as a number of bytes.
extension Residency: Codable {
    private enum Name: String, Codable {
        case auto, all, mapped
    }

    /// Throws for another name, and for anything but a name or a number of bytes, 0 or more.
    public init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if let bytes = try? value.decode(Int.self) {
            guard bytes >= 0 else { throw DecodingError.senseless("\(bytes) bytes can't stay in memory", in: decoder) }
            self = .bytes(bytes)
            return
        }
        self =
            switch try value.decode(Name.self) {
            case .auto: .auto
            case .all: .all
            case .mapped: .mapped
            }
    }

    /// A name, or a number of bytes.
    public func encode(to encoder: any Encoder) throws {
        var value = encoder.singleValueContainer()
        switch self {
        case .auto: try value.encode(Name.auto)
        case .all: try value.encode(Name.all)
        case .mapped: try value.encode(Name.mapped)
        case .bytes(let bytes): try value.encode(bytes)
        }
    }
}
