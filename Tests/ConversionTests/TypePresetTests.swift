import Conversion
import Griffin
import ModelFile
import ModelTestSupport
import TestSupport
import Testing
import Tiles

@Suite struct TypePresetTests {
    /// Bits per weight over all matrices, and the kinds of matrices in q8.
    private func measure(_ descriptions: [TensorDescription]) -> (bits: Double, kinds: Set<String>) {
        let matrices = descriptions.filter(\.isTiled)
        let bytes = matrices.reduce(0) { $0 + ($1.byteCount ?? 0) }, weights = matrices.reduce(0) { $0 + ($1.weightCount ?? 0) }
        let names = matrices.filter { $0.type == .q8 }.map { $0.name.split(separator: ".").suffix(2).joined(separator: ".") }
        return (8 * Double(bytes) / Double(weights), Set(names))
    }

    private func options(_ preset: TypePreset, rules: [String] = []) throws -> Conversion.Options {
        var options = Conversion.Options()
        options.types = preset
        options.rules = try rules.map { try TensorTypeRule(parsing: $0) }
        return options
    }

    @Test(
        arguments: [
            (TypePreset.q4Small, 4.5...4.5, []), (.q4, 4.8...4.9, ["embed_tokens.weight"]),
            (
                .q4Large, 5.5...5.7,
                [
                    "embed_tokens.weight", "linear_out.weight", "linear_x.weight", "linear_y.weight", "v_proj.weight",
                    "k_proj.weight",
                    "rg_lru.input_gate_weight",
                ]
            ),
        ] as [(TypePreset, ClosedRange<Double>, Set<String>)])
    func theSmallEnglishModelHasBitsForItsCostliestKinds(
        preset: TypePreset, bits: ClosedRange<Double>, kinds: Set<String>
    ) throws {
        let found = measure(try Conversion(source: Fixtures.tinyEnglish, options: options(preset)).descriptions)
        #expect(bits.contains(found.bits), "\(found.bits)")
        #expect(found.kinds == kinds)
    }

    /// Its vocabulary of 256,000 pieces, a quarter of its weights, is too much for the smaller budget.
    @Test func theLargeVocabularyOfThe2BModelStaysInInt4UnlessThereAreBitsForIt() {
        let plan = Configuration(
            vocabularySize: 256_000, width: 2560, layerCount: 26, headCount: 10, headDimension: 256, recurrentWidth: 2560,
            mlpWidth: 7680, window: 2048, blockPattern: [.recurrent, .recurrent, .attention]
        ).tensorPlan
        func find(_ preset: TypePreset) -> (bits: Double, kinds: Set<String>) {
            let types = preset.types(of: plan)
            return measure(
                zip(plan, types).map { TensorDescription(name: $0.name, type: $1, dimensions: $0.dimensions, isTiled: $0.isTiled) })
        }
        let standard = find(.q4), large = find(.q4Large)
        #expect(standard.bits > 4.85 && standard.bits <= 4.9)
        #expect(standard.kinds.isSuperset(of: ["linear_out.weight", "linear_x.weight"]))
        #expect(!standard.kinds.contains("embed_tokens.weight"))
        #expect(large.bits > 5.6 && large.bits <= 5.7)
        #expect(large.kinds.contains("embed_tokens.weight"))
    }

    @Test func aRuleGoesBeforeThePreset() throws {
        let conversion = try Conversion(
            source: Fixtures.tinyEnglish, options: options(.q4, rules: ["model.embed_tokens.weight=q4"]))
        #expect(conversion.descriptions.allSatisfy { $0.type == ($0.isTiled ? .q4 : .f32) })
    }

    @Test(arguments: WeightType.allCases)
    func aPresetWithOneTypeGivesItToAllMatrices(type: WeightType) throws {
        let conversion = try Conversion(source: Fixtures.tinyEnglish, options: options(TypePreset(all: type)))
        #expect(conversion.descriptions.allSatisfy { $0.type == ($0.isTiled ? type : .f32) })
    }
}
