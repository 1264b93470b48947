import TestSupport
import Testing

@testable import Checkpoint

/// bf16 and f16 become f32 exactly, whatever their place in a vector.
@Suite struct WideningTests {
    /// Widens halves in place as ``Checkpoint/read(_:elements:into:)`` does.
    static func widen(_ halves: [UInt16], _ type: ElementType) -> (values: [Float], areFinite: Bool) {
        let memory = UnsafeMutableRawPointer.allocate(byteCount: max(1, 4 * halves.count), alignment: 16)
        defer { memory.deallocate() }
        halves.withUnsafeBytes { (memory + 2 * halves.count).copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
        let areFinite = widenInPlace(memory, count: halves.count, from: type)
        return ((0..<halves.count).map { memory.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }, areFinite)
    }

    /// The value of a half by the definition of the format (IEEE 754-2019, 3.4): sign, exponent, fraction.
    static func value(_ half: UInt16, exponentBits: Int, fractionBits: Int) -> Double {
        let sign: Double = half >> 15 == 0 ? 1 : -1
        let exponent = Int(half >> UInt16(fractionBits)) & ((1 << exponentBits) - 1)
        let fraction = Double(half & ((1 << UInt16(fractionBits)) - 1)) / Double(1 << fractionBits)
        let bias = 1 << (exponentBits - 1) - 1
        if exponent == (1 << exponentBits) - 1 { return fraction == 0 ? sign * .infinity : .nan }
        return exponent == 0
            ? sign * fraction * Double(sign: .plus, exponent: 1 - bias, significand: 1)
            : sign * (1 + fraction) * Double(sign: .plus, exponent: exponent - bias, significand: 1)
    }

    static let formats: [(type: ElementType, exponentBits: Int, fractionBits: Int)] = [(.bf16, 8, 7), (.f16, 5, 10)]

    /// At every place of a vector of 16 and in the rest after the last whole vector.
    @Test(arguments: formats.indices, [0, 1, 7, 15, 16, 33]) func allHalvesAreWidenedExactly(_ format: Int, _ before: Int) {
        let format = Self.formats[format]
        let all = (UInt16.min...UInt16.max).filter {
            Self.value($0, exponentBits: format.exponentBits, fractionBits: format.fractionBits).isFinite
        }
        let (values, areFinite) = Self.widen([UInt16](repeating: 0, count: before) + all, format.type)
        #expect(areFinite)
        for (half, value) in zip(all, values.dropFirst(before)) {
            let expected = Self.value(half, exponentBits: format.exponentBits, fractionBits: format.fractionBits)
            if Double(value) != expected || value.sign != (half >> 15 == 0 ? .plus : .minus) {
                Issue.record("\(half): \(value), not \(expected)")
            }
        }
    }

    @Test(arguments: formats.indices) func everyNaNAndInfinityIsFoundWhereItIs(_ format: Int) {
        let format = Self.formats[format]
        let bad = (UInt16.min...UInt16.max).filter {
            !Self.value($0, exponentBits: format.exponentBits, fractionBits: format.fractionBits).isFinite
        }
        #expect(bad.count == 2 << format.fractionBits)
        for (number, half) in bad.enumerated() {
            let place = number % 37
            var halves = [UInt16](repeating: 0x7F7F & (format.type == .f16 ? 0x7BFF : 0xFFFF), count: 37)
            halves[place] = half
            let (values, areFinite) = Self.widen(halves, format.type)
            let found = nonFinite(values, count: values.count, widenedFrom: format.type)
            let isNaN = Self.value(half, exponentBits: format.exponentBits, fractionBits: format.fractionBits).isNaN
            if areFinite || found?.index != place || found?.isNaN != isNaN {
                Issue.record("\(half) at \(place): \(String(describing: found))")
            }
        }
    }

    @Test func f32IsOnlyChecked() {
        let finite: [Float] = [0, -0.0, 1, .leastNonzeroMagnitude, -.greatestFiniteMagnitude] + (0..<40).map { Float($0) }
        for count in [0, 1, 15, 16, 17, 45] {
            for bad in [Float.infinity, -.infinity, .nan, .signalingNaN] {
                for place in 0..<count {
                    var values = Array(finite.prefix(count))
                    #expect(values.withUnsafeMutableBytes { widenInPlace($0.baseAddress!, count: count, from: .f32) })
                    values[place] = bad
                    #expect(!values.withUnsafeMutableBytes { widenInPlace($0.baseAddress!, count: count, from: .f32) })
                    let found = nonFinite(values, count: count, widenedFrom: .f32)
                    #expect(found?.index == place && found?.isNaN == bad.isNaN)
                }
            }
        }
    }
}
