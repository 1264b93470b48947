/// How the weights of a tensor are stored (`formats/rgq.md`, "Weight types").
///
/// `q8` and `q4` are blocks of ``Tile/block`` weights along the input dimension that share one f16 scale:
/// a weight is `scale × code`, with codes -127…127 (`q8`) or -8…7 (`q4`).
public enum WeightType: UInt32, CaseIterable, Sendable {
    case f32 = 0
    case f16 = 1
    case q8 = 2
    case q4 = 3

    /// What the program knows of a type, except how its numbers are computed with.
    public struct Properties: Sendable {
        /// The name on the command line and in tables.
        public let name: StaticString
        /// Where the numbers of a tile lie.
        public let layout: TileLayout
        /// What is subtracted from a stored code: 8 for codes 0…15 that mean -8…7.
        public let codeBias: Int32
        /// Consecutive blocks of activations that share one scale where a matrix of this type reads them; nil for types whose
        /// kernels multiply floats.
        public let blocksPerActivationScale: Int?
        /// The first version of the model file that has the type.
        public let fileVersion: UInt32

        @inlinable
        init(name: StaticString, layout: TileLayout, codeBias: Int32 = 0, blocksPerActivationScale: Int?, fileVersion: UInt32 = 1) {
            self.name = name
            self.layout = layout
            self.codeBias = codeBias
            self.blocksPerActivationScale = blocksPerActivationScale
            self.fileVersion = fileVersion
        }
    }

    /// The table of types: a new one begins here.
    @inlinable public var properties: Properties {
        switch self {
        case .f32: Properties(name: "f32", layout: .floats(bits: 32), blocksPerActivationScale: nil)
        case .f16: Properties(name: "f16", layout: .floats(bits: 16), blocksPerActivationScale: nil)
        case .q8: Properties(name: "q8", layout: .codes(bits: 8), blocksPerActivationScale: 1)
        // One scale per four blocks makes decoding with one thread and prefill some 5 % faster. What it costs is small beside what
        // 4-bit weights cost: half a percent of their divergence (`Tests/Fixtures/tiny-en`). With q8 it would be a third.
        case .q4: Properties(name: "q4", layout: .codes(bits: 4), codeBias: 8, blocksPerActivationScale: 4)
        }
    }
}

extension WeightType {
    /// The type's name on the command line and in tables: `f32`, `f16`, `q8`, `q4`.
    public var name: String { "\(properties.name)" }

    /// The type with that ``name``, or nil.
    public init?(name: some StringProtocol) {
        guard let type = WeightType.allCases.first(where: { $0.name == name }) else { return nil }
        self = type
    }

    /// Where the numbers of a tile lie.
    @inlinable public var layout: TileLayout { properties.layout }

    /// Bytes of one tile of ``Tile/rows`` × ``Tile/columns`` weights, scales included; a multiple of 64 for every type.
    @inlinable public var bytesPerTile: Int { layout.byteCount }

    /// Bits per weight, scales included: 32, 16, 8.5, 4.5.
    public var bitsPerWeight: Double { Double(bytesPerTile * 8) / Double(Tile.weights) }

    /// True for the types whose kernels multiply integers, and so read quantized activations.
    @inlinable public var isBlockQuantized: Bool { properties.blocksPerActivationScale != nil }
}
