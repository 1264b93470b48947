/// Looks for infinities and NaNs in bytes that are aligned to their numbers.
package enum FiniteNumbers {
    /// True if all numbers of some f32 are finite.
    package static func areFinite(floats bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.withMemoryRebound(to: UInt32.self) { largestMagnitude($0) < 0x7F80_0000 }
    }

    /// True if all numbers of some f16 are finite.
    package static func areFinite(halves bytes: UnsafeRawBufferPointer) -> Bool {
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
