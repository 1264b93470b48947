import Tiles

/// The numbers of a tensor that are stored as floats and so could be infinite or no numbers: the weights of f32 and f16, the scales
/// of q8 and q4.
struct StoredFloats {
    private let type: WeightType

    init(_ tensor: TensorEntry) { type = tensor.type }

    /// What they are, for a message.
    var what: String { hasScales ? "scales" : "weights" }

    private var hasScales: Bool { type.layout.scaleBytes > 0 }

    /// The bytes after which the layout repeats; a tensor is a whole number of them.
    var unitBytes: Int {
        hasScales ? type.bytesPerTile : type.layout.bits / 8
    }

    /// True if all floats in so many whole units, which are 4-byte aligned, are finite.
    func areFinite(in bytes: UnsafeRawBufferPointer) -> Bool {
        if hasScales {
            return stride(from: 0, to: bytes.count, by: unitBytes).allSatisfy { start in
                Self.areFinite(halves: UnsafeRawBufferPointer(rebasing: bytes[start..<start + type.layout.scaleBytes]))
            }
        }
        return type.layout.bits == 16
            ? Self.areFinite(halves: bytes)
            : bytes.withMemoryRebound(to: UInt32.self) { Self.largestMagnitude($0) < 0x7F80_0000 }
    }

    private static func areFinite(halves bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.withMemoryRebound(to: UInt16.self) { largestMagnitude($0) < 0x7C00 }
    }

    /// The largest of floats, as bits, without their signs: so they are ordered as the numbers are,
    /// with infinity and NaN above all.
    private static func largestMagnitude<Bits: FixedWidthInteger>(_ numbers: UnsafeBufferPointer<Bits>) -> Bits {
        var largest: Bits = 0
        for number in numbers { largest = max(largest, number & (Bits.max >> 1)) }
        return largest
    }
}
