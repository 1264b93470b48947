import CSIMD

// Widening bf16 and f16 to f32, with a look at each number's exponent on the way.

/// Numbers that are widened at once.
private let lanes = 16
private typealias Narrow = SIMD16<UInt16>
private typealias Bits = SIMD16<UInt32>

/// All of an f32 except its sign.
private let magnitudeMask: UInt32 = 0x7FFF_FFFF
/// The lowest exponent bit of an f32. Added to a magnitude whose exponent bits are all set, as in NaN and infinity, it carries out
/// of them: that is how a whole vector is checked with one addition.
private let exponentUnit: UInt32 = 0x0080_0000
/// The same of an f16, whose carry goes to the bit of its sign.
private let halfExponentUnit: UInt32 = 0x0400

/// Widens `count` numbers to f32 over themselves: they lie at the end of the `count` × 4 bytes at `memory` that their f32 will
/// fill. Numbers already f32 are only checked.
///
/// False if one is a NaN or an infinity; ``nonFinite(_:count:widenedFrom:)`` then says which.
func widenInPlace(_ memory: UnsafeMutableRawPointer, count: Int, from type: ElementType) -> Bool {
    switch type {
    case .f32: areFinite(memory, count: count)
    case .bf16: widenBF16(memory, count: count)
    case .f16: widenF16(memory, count: count)
    }
}

/// The first of `count` numbers made by ``widenInPlace(_:count:from:)`` that was not finite before, and whether it was a NaN.
func nonFinite(
    _ values: UnsafePointer<Float>, count: Int, widenedFrom type: ElementType
) -> (index: Int, isNaN: Bool)? {
    // Widened without a look at its exponent, an f16 infinity is 65,536, and its NaN are the numbers above.
    let infinity: Float = type == .f16 ? 65_536 : .infinity
    return (0..<count).first { !(values[$0].magnitude < infinity) }.map { ($0, values[$0].magnitude != infinity) }
}

private func areFinite(_ memory: UnsafeMutableRawPointer, count: Int) -> Bool {
    var carries = Bits(repeating: 0)
    var index = 0
    while index + lanes <= count {
        let bits = memory.loadUnaligned(fromByteOffset: 4 * index, as: Bits.self)
        carries |= (bits & Bits(repeating: magnitudeMask)) &+ Bits(repeating: exponentUnit)
        index += lanes
    }
    while index < count {
        let bits = memory.loadUnaligned(fromByteOffset: 4 * index, as: UInt32.self)
        carries[0] |= (bits & magnitudeMask) &+ exponentUnit
        index += 1
    }
    return isClear(carries, 1 << 31)
}

/// A bf16 is the upper half of its f32. Going forward is safe: f32 number i ends at or before the byte where narrow number i + 1
/// starts, and a vector is loaded whole before it is stored.
private func widenBF16(_ memory: UnsafeMutableRawPointer, count: Int) -> Bool {
    let narrow = memory + 2 * count
    var carries = Bits(repeating: 0)
    var index = 0
    while index + lanes <= count {
        let half = csimd_u16_to_u32_x16(narrow.loadUnaligned(fromByteOffset: 2 * index, as: Narrow.self))
        let bits = unsafeBitCast(csimd_bf16_to_f32_x16(half), to: Bits.self)
        carries |= (bits & Bits(repeating: magnitudeMask)) &+ Bits(repeating: exponentUnit)
        memory.storeBytes(of: bits, toByteOffset: 4 * index, as: Bits.self)
        index += lanes
    }
    while index < count {
        let bits = csimd_bf16_to_f32(narrow.loadUnaligned(fromByteOffset: 2 * index, as: UInt16.self)).bitPattern
        carries[0] |= (bits & magnitudeMask) &+ exponentUnit
        memory.storeBytes(of: bits, toByteOffset: 4 * index, as: UInt32.self)
        index += 1
    }
    return isClear(carries, 1 << 31)
}

/// In place as ``widenBF16(_:count:)``.
private func widenF16(_ memory: UnsafeMutableRawPointer, count: Int) -> Bool {
    let narrow = memory + 2 * count
    var carries = Bits(repeating: 0)
    var index = 0
    while index + lanes <= count {
        let half = csimd_u16_to_u32_x16(narrow.loadUnaligned(fromByteOffset: 2 * index, as: Narrow.self))
        carries |= (half & Bits(repeating: 0x7FFF)) &+ Bits(repeating: halfExponentUnit)
        memory.storeBytes(of: csimd_f16_to_f32_finite_x16(half), toByteOffset: 4 * index, as: SIMD16<Float>.self)
        index += lanes
    }
    while index < count {
        let half = narrow.loadUnaligned(fromByteOffset: 2 * index, as: UInt16.self)
        carries[0] |= UInt32(half & 0x7FFF) &+ halfExponentUnit
        memory.storeBytes(of: csimd_f16_to_f32_finite(half), toByteOffset: 4 * index, as: Float.self)
        index += 1
    }
    return isClear(carries, 1 << 15)
}

/// True if a bit is clear in all lanes.
private func isClear(_ bits: Bits, _ bit: UInt32) -> Bool {
    (0..<lanes).allSatisfy { bits[$0] & bit == 0 }
}
