import Foundation
import KernelTypes
import Kernels
import ModelTestSupport
import TestSupport
import Testing
import Tiles

@testable import Griffin

@Suite("State")
struct StateTests {
    @Test("The 2B model's state has 17.5 MB")
    func sizeOf2B() {
        let bytes = State.byteCount(.twoB, element: .f16, canBeFed: false)
        // Each key and value has an exponent.
        #expect(bytes == 18 * 4 * 2560 * 4 + 8 * 2 * 2048 * (256 * 2 + 1))
        #expect(abs(Double(bytes) / 1e6 - 17.5) < 0.05)
    }

    @Test("After a reset, the same tokens give the same logits", arguments: WeightType.allCases)
    func reset(type: WeightType) throws {
        let model = try RunnableModel(file: try ConvertedModels.path("alpha", type))
        let tokens = try Fixtures.oracleArray("alpha", "tokens_40").integers
        let state = try model.makeState()
        let fresh = try model.logits(tokens, to: state)
        #expect(state.position == 40)
        state.reset()
        #expect(state.position == 0)
        #expect(try model.logits(tokens, to: state) == fresh)
    }

    @Test("Rotary angles are right at position 10,000,000", arguments: [0, 1, 2047, 10_000_000, 1 << 40] as [Int64])
    func rotary(position: Int64) {
        let table = RotaryTable(.twoB)
        #expect(table.half == 64)
        var cosines = [Float](repeating: 0, count: 64), sines = cosines
        table.write(position: position, cosines: &cosines, sines: &sines)
        for index in 0..<64 {
            // The angle in two parts, whose sum is the exact product. libm reduces each by as many digits of π as it takes.
            let frequency = pow(10_000, -Double(index) / 64)
            let angle = Double(position) * frequency
            let rest = (-angle).addingProduct(Double(position), frequency)
            let cosine = cos(angle) * cos(rest) - sin(angle) * sin(rest)
            let sine = sin(angle) * cos(rest) + cos(angle) * sin(rest)
            // A Double has 53 bits for the whole angle, so its fraction is less precise far out.
            let tolerance = max(1e-7, Double(position) * 0x1p-52)
            #expect(abs(Double(cosines[index]) - cosine) < tolerance, "cosine \(index)")
            #expect(abs(Double(sines[index]) - sine) < tolerance, "sine \(index)")
        }
    }

    @Test("A state of another position knows only what it has seen", arguments: WeightType.allCases)
    func farPosition(type: WeightType) throws {
        // At a far position the rings are full of real positions; the results must be finite and independent of chunks.
        let model = try RunnableModel(file: try ConvertedModels.path("alpha", type))
        let tokens = try Fixtures.oracleArray("alpha", "tokens_150").integers
        func run(chunksOf sizes: [Int]) throws -> [Float] {
            let state = try model.makeState()
            _ = try model.logits(Array(tokens.prefix(64)), to: state)
            // 9,999,968 is the same slot of the ring as 64, since alpha's window is 16; what the ring holds is then of the last 16.
            state.position = 9_999_968
            return try model.logits(Array(tokens.dropFirst(64)), to: state, chunksOf: sizes)
        }
        let whole = try run(chunksOf: [256])
        #expect(whole.allSatisfy { $0.isFinite })
        #expect(relativeError(try run(chunksOf: [1]), whole) < 1e-5)
        #expect(relativeError(try run(chunksOf: [5, 17]), whole) < 1e-5)
    }
}
