// Dot products of four signed bytes (SDOT, ARMv8.2).
import CSIMD
import Tiles

@inline(__always) func dot(_ sums: RowInts, _ weights: RowBits, _ activations: RowInts) -> RowInts {
    csimd_dot_i8_i8_x4(sums, weights, activations)
}

/// The bits of 1.5 · 2^23, where sums start.
@inline(__always) var zeroBits: Int32 { 0x4B40_0000 }

/// Sums start at the bits of 1.5 · 2^23, so that they are also those of that number plus the sum: subtracting it takes one
/// instruction, while converting whole numbers keeps a Cortex-A76's unit for two cycles.
extension ByteCodes where Sums == RowInts {
    @inline(__always) static var zero: RowInts { .zero }

    @inline(__always) static func start(excess: Int32) -> RowInts { csimd_repeated_x4(zeroBits &- excess) }

    @inline(__always) static func add(_ sums: inout RowInts, _ weights: RowBits, _ activations: RowInts, step: Int) {
        switch step % 4 {
        case 0: sums = csimd_dot_lane0_x4(sums, weights, activations)
        case 1: sums = csimd_dot_lane1_x4(sums, weights, activations)
        case 2: sums = csimd_dot_lane2_x4(sums, weights, activations)
        default: sums = csimd_dot_lane3_x4(sums, weights, activations)
        }
    }

    @inline(__always) static func value(_ sums: RowInts, excess: Int32) -> RowFloats {
        unsafeBitCast(sums, to: RowFloats.self) - RowFloats(repeating: Float(bitPattern: UInt32(bitPattern: zeroBits)))
    }
}

/// Codes -128…127, as they are.
enum Q8Codes: ByteCodes {
    typealias Sums = RowInts

    @inline(__always) static var type: WeightType { .q8 }
    @inline(__always) static var addsPairs: Bool { true }

    @inline(__always) static func signed(_ codes: RowBits) -> RowBits { codes }
}

/// Codes 0…15, which mean -8…7.
enum Q4Codes: ByteCodes {
    typealias Sums = RowInts

    @inline(__always) static var type: WeightType { .q4 }
    @inline(__always) static var addsPairs: Bool { true }

    @inline(__always) static func signed(_ codes: RowBits) -> RowBits { csimd_subtract_8_x4(codes) }
}
