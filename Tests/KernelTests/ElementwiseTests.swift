import Foundation
import KernelTypes
import Kernels
import TestSupport
import Testing

@Suite("Elementwise kernels against Double")
struct ElementwiseTests {
    static let names = Kernels.available.map(\.name)
    /// Around and between the widths of vectors.
    static let counts = [1, 3, 4, 7, 8, 15, 16, 17, 31, 64, 100, 2560]

    private static func kernels(_ name: String) throws -> KernelSet { try #require(Kernels.named(name)) }

    /// True if `value` is within 2 ulp and 1e-7 of what it should be, or both are too small for a normal f32.
    static func isClose(_ value: Float, _ exact: Double) -> Bool {
        abs(Double(value) - exact) <= 2 * Double(Float(exact).ulp) + 1e-7 * exact.magnitude + 2e-38
    }

    @Test("RMSNorm", arguments: names)
    func rmsNorm(name: String) throws {
        let kernels = try Self.kernels(name)
        var random = RandomSource(seed: 11)
        for count in Self.counts {
            for deviation: Float in [1e-12, 0.01, 1, 1e15] {
                let input = GuardedMemory(random.normalFloats(count, deviation: deviation))
                let weight = GuardedMemory(random.floats(count))
                let output = GuardedMemory(repeating: Float.nan, count: count)
                #expect(kernels.rmsNorm(input.pointer, weight.pointer, output.pointer, count, 1e-6))
                defer { keep(input, weight) }
                let squares = input.elements.map { Double($0) * Double($0) }.reduce(0, +)
                let root = (squares / Double(count) + Double(Float(1e-6))).squareRoot()
                for index in 0..<count {
                    let exact = Double(input.pointer[index]) / root * (1 + Double(weight.pointer[index]))
                    let bound = abs(Double(input.pointer[index]) / root) * (2 + Double(count).squareRoot()) * 0x1p-23
                    #expect(abs(Double(output.pointer[index]) - exact) <= bound)
                }
                #expect(output.isIntact)
            }
        }
    }

    /// Two infinities, and NaNs without and with a payload.
    static let notFinite = [UInt32](arrayLiteral: 0x7F80_0000, 0xFF80_0000, 0x7FC0_0000, 0x7F80_0001, 0xFFFF_FFFF)
        .map(Float.init(bitPattern:))

    @Test("RMSNorm tells of an input that is not finite, or has no square", arguments: names)
    func rmsNormTells(name: String) throws {
        let kernels = try Self.kernels(name)
        var random = RandomSource(seed: 14)
        for count in [1, 15, 16, 17, 40] {
            for number in Self.notFinite + [2e19, -3e38] {
                for place in 0..<count {
                    let input = GuardedMemory(random.normalFloats(count)), weight = GuardedMemory(random.floats(count))
                    let output = GuardedMemory(repeating: Float.nan, count: count)
                    input.pointer[place] = number
                    #expect(!kernels.rmsNorm(input.pointer, weight.pointer, output.pointer, count, 1e-6), "\(number) at \(place)")
                    keep(input, weight)
                    #expect(output.isIntact)
                }
            }
        }
    }

    @Test("Numbers that are not finite are found among any others, and nothing beyond the end", arguments: names)
    func areFinite(name: String) throws {
        let kernels = try Self.kernels(name)
        var random = RandomSource(seed: 15)
        for count in Self.counts {
            let values = GuardedMemory(random.normalFloats(count))
            values.pointer[count / 2] = count % 2 == 0 ? .greatestFiniteMagnitude : -.leastNonzeroMagnitude
            #expect(kernels.areFinite(values.pointer, count))
            for place in 0..<min(count, 100) {
                let usual = values.pointer[place]
                for number in Self.notFinite {
                    values.pointer[place] = number
                    #expect(!kernels.areFinite(values.pointer, count), "\(number) at \(place)")
                }
                values.pointer[place] = usual
            }
            keep(values)
        }
    }

    @Test("gelu(gate) · input, also in place", arguments: names)
    func gelu(name: String) throws {
        let kernels = try Self.kernels(name)
        var gates: [Float] = [0, -0.0, 1e-30, -1e-30, 10, -10, 100, -100, 1e4, -1e4, 1e30, -1e30, -3e38, 3e38]
        gates += (0..<4000).map { Float($0) * 0.01 - 20 }
        for count in Self.counts + [gates.count] {
            let gate = GuardedMemory(Array(gates.prefix(count)))
            let used = gate.count
            var random = RandomSource(seed: 12)
            let input = GuardedMemory(random.floats(used))
            let output = GuardedMemory(repeating: Float.nan, count: used)
            kernels.multiplyByGELU(gate.pointer, input.pointer, output.pointer, used)
            defer { keep(gate) }
            for index in 0..<used {
                let x = Double(gate.pointer[index])
                let exact =
                    0.5 * x * (1 + tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x))) * Double(input.pointer[index])
                // tanh near -1 loses digits in the formula and in f32 alike, so the bound is one for x, not for the result.
                let bound = max(abs(exact), min(abs(x), 20) * Double(input.pointer[index].magnitude)) * 3e-7 + 1e-37
                #expect(abs(Double(output.pointer[index]) - exact) <= bound, "gelu(\(x)) is \(output.pointer[index]), not \(exact)")
            }
            let expected = output.elements
            kernels.multiplyByGELU(gate.pointer, input.pointer, input.pointer, used)
            #expect(input.elements.map(\.bitPattern) == expected.map(\.bitPattern))
            #expect(output.isIntact && input.isIntact)
        }
    }

    @Test("The soft cap keeps its digits near 0 and ends at the cap", arguments: names)
    func softCap(name: String) throws {
        let kernels = try Self.kernels(name)
        var values: [Float] = [0, 1e-38, -1e-20, 1e-5, 29, -30, 300, -1e4, 1e30, .infinity, -.infinity]
        values += (0..<5000).map { Float($0) * 0.1 - 250 }
        for count in Self.counts + [values.count] {
            let memory = GuardedMemory(Array(values.prefix(count)))
            let before = memory.elements
            kernels.softCap(memory.pointer, memory.count, 30)
            for (index, x) in before.enumerated() {
                let exact = 30 * tanh(Double(x) / 30)
                #expect(Self.isClose(memory.pointer[index], exact), "cap of \(x) is \(memory.pointer[index]), not \(exact)")
            }
            #expect(memory.isIntact)
        }
    }

    @Test("Rotary embedding turns the halves of a head's first part and scales the whole head", arguments: names)
    func rotate(name: String) throws {
        let kernels = try Self.kernels(name)
        var random = RandomSource(seed: 13)
        for (count, dimension, half) in [(1, 2, 1), (3, 20, 5), (10, 256, 64), (2, 64, 32), (2, 70, 17)] {
            let heads = GuardedMemory(random.normalFloats(count * dimension))
            let before = heads.elements.map(Double.init)
            let angles = random.floats(half, in: -3...3).map(Double.init)
            let cosines = GuardedMemory(angles.map { Float(cos($0)) })
            let sines = GuardedMemory(angles.map { Float(sin($0)) })
            kernels.rotate(heads.pointer, count, dimension, half, cosines.pointer, sines.pointer, 0.0625)
            defer { keep(cosines, sines) }
            for index in 0..<count * dimension {
                let (head, place) = (index / dimension, index % dimension)
                let base = head * dimension
                var exact = before[index]
                if place < 2 * half {
                    let turn = place % half
                    let (x, y) = (before[base + turn], before[base + half + turn])
                    let (cosine, sine) = (Double(cosines.pointer[turn]), Double(sines.pointer[turn]))
                    exact = place < half ? x * cosine - y * sine : y * cosine + x * sine
                }
                #expect(abs(Double(heads.pointer[index]) - exact * 0.0625) <= 1e-7)
            }
            #expect(heads.isIntact)
        }
    }

    @Test("f16 is the nearest to f32, ties to even", arguments: names)
    func narrow(name: String) throws {
        let kernels = try Self.kernels(name)
        // Every f16, the middles between neighbours, and what lies just beside the middles.
        var values: [Float] = [65519.996, 65520, 1e30, .infinity, .leastNonzeroMagnitude, 0x1p-25, 0x1.000002p-25, 0, -0.0]
        for bits in UInt16(0)..<0x7BFF {
            let low = Float(Float16(bitPattern: bits))
            let middle = (low + Float(Float16(bitPattern: bits + 1))) / 2
            values += [low, middle, middle.nextUp, middle.nextDown]
        }
        values += values.map { -$0 }
        let input = GuardedMemory(values)
        let output = GuardedMemory(repeating: UInt16.max, count: values.count)
        // Infinity among them: stored as they are.
        #expect(kernels.narrow(input.pointer, output.pointer, values.count) == nil)
        keep(input)
        let wrong = values.indices.filter { output.pointer[$0] != Float16(values[$0]).bitPattern }
        #expect(wrong.isEmpty, "\(wrong.first.map { values[$0] } ?? 0)")
        #expect(output.isIntact)

        for count in [1, 2, 3, 5, 9, 17] {
            let input = GuardedMemory([Float](repeating: -.nan, count: count))
            let output = GuardedMemory(repeating: UInt16(0), count: count)
            #expect(kernels.narrow(input.pointer, output.pointer, count) == nil)
            keep(input)
            #expect(output.elements.allSatisfy { Float16(bitPattern: $0).isNaN } && output.isIntact)
        }
    }

    @Test("Vectors of any size become f16 with an exponent, ordinary ones with 0", arguments: names)
    func narrowWithExponent(name: String) throws {
        let kernels = try Self.kernels(name)
        var random = RandomSource(seed: 16)
        for count in [1, 3, 16, 20, 256] {
            for power in -149...127 {
                // The largest number is in 2^power ..< 2^(power + 1), wherever it is.
                let scale = Float(sign: .plus, exponent: power, significand: 1)
                var numbers = random.floats(count).map { $0 * scale }
                numbers[Int.random(in: 0..<count, using: &random)] = -scale * Float.random(in: 1..<1.99, using: &random)
                let input = GuardedMemory(numbers), output = GuardedMemory(repeating: UInt16.max, count: count)
                let exponent = try #require(kernels.narrow(input.pointer, output.pointer, count))
                #expect(exponent == ((-14...15).contains(power) ? 0 : Int8(max(-126, power - 14))), "2^\(power)")
                #expect(output.isIntact)
                let factor = Float(sign: .plus, exponent: -Int(exponent), significand: 1)
                #expect(output.elements == numbers.map { Float16($0 * factor).bitPattern }, "2^\(power)")
                keep(input)
            }
        }
        for (largest, expected) in [(0, 0), (0x1p-14, 0), (Float(0x1p-14).nextDown, -29), (Float(65520).nextDown, 0), (65520, 1)]
            as [(Float, Int8)]
        {
            let input = GuardedMemory([0, -largest, largest / 3])
            let output = GuardedMemory(repeating: UInt16.max, count: 3)
            #expect(kernels.narrow(input.pointer, output.pointer, 3) == expected, "\(largest)")
            #expect(output.elements.allSatisfy { Float16(bitPattern: $0).isFinite })
            keep(input)
        }
    }
}
