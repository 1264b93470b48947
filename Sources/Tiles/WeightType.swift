/// How the weights of a tensor are stored (`formats/rgq.md`, "Weight types").
///
/// `q8` and `q4` are blocks of ``Tile/block`` weights along the input dimension that share one f16 scale:
/// a weight is `scale × code`, with codes -127…127 (`q8`) or -8…7 (`q4`).
public enum WeightType: UInt32, CaseIterable, Sendable {
    case f32 = 0
    case f16 = 1
    case q8 = 2
    case q4 = 3

    /// The type's name on the command line and in tables: `f32`, `f16`, `q8`, `q4`.
    public var name: String {
        switch self {
        case .f32: "f32"
        case .f16: "f16"
        case .q8: "q8"
        case .q4: "q4"
        }
    }

    /// The type with that ``name``, or nil.
    public init?(name: some StringProtocol) {
        guard let type = WeightType.allCases.first(where: { $0.name == name }) else { return nil }
        self = type
    }

    /// Bytes of one tile of ``Tile/rows`` × ``Tile/columns`` weights, scales included; a multiple of 64 for every type.
    public var bytesPerTile: Int {
        switch self {
        case .f32: Tile.weights * 4
        case .f16: Tile.weights * 2
        case .q8: Tile.scaleBytes + Tile.weights
        case .q4: Tile.scaleBytes + Tile.weights / 2
        }
    }

    /// Bits a weight, scales included: 32, 16, 8.5, 4.5.
    public var bitsPerWeight: Double { Double(bytesPerTile * 8) / Double(Tile.weights) }

    /// True for the types whose kernels multiply integers, and so want quantized activations.
    public var isBlockQuantized: Bool { self == .q8 || self == .q4 }
}
