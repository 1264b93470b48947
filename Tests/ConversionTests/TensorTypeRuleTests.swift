import Conversion
import ModelFile
import System
import TestSupport
import Testing
import Tiles

@Suite struct TensorTypeRuleTests {
    @Test(arguments: [
        ("abc", "abc", true), ("abc", "abcd", false), ("abc", "ab", false), ("", "", true), ("", "a", false),
        ("*", "", true), ("*", "anything", true), ("a*c", "ac", true), ("a*c", "abbc", true), ("a*c", "abcb", false),
        ("*.weight", "model.layers.0.mlp.weight", true), ("*.weight", "model.layers.0.mlp.bias", false),
        ("model.layers.?.x", "model.layers.7.x", true), ("model.layers.?.x", "model.layers.17.x", false),
        ("?", "", false), ("a?", "a", false), ("*a*b*", "xxaxxbxx", true), ("*a*b*", "xxbxxaxx", false), ("*ab", "aab", true),
        ("*aab", "aaab", true), ("**", "a", true), ("a**", "a", true), ("a.b", "axb", false), ("[ab]", "a", false),
    ])
    func aPatternMatches(pattern: String, name: String, matches: Bool) {
        #expect(TensorTypeRule(pattern: pattern, type: .q8).matches(name) == matches)
    }

    @Test func aPatternOfManyStarsTakesNoLongTime() {
        let rule = TensorTypeRule(pattern: String(repeating: "*a", count: 30) + "b", type: .q8)
        #expect(!rule.matches(String(repeating: "a", count: 2000)))
    }

    @Test func aRuleIsReadFromPatternAndType() throws {
        #expect(try TensorTypeRule(parsing: "*.q_proj.*=f16") == TensorTypeRule(pattern: "*.q_proj.*", type: .f16))
        #expect(try TensorTypeRule(parsing: "a=b=q4") == TensorTypeRule(pattern: "a=b", type: .q4))
    }

    @Test(arguments: [
        ("q4", "\"q4\" has no \"=\""), ("=q4", "\"=q4\" has no pattern"), ("a=", "\"\" is not a type"),
        ("a=q5", "\"q5\" is not a type"),
        ("a=Q4", "\"Q4\" is not a type"),
    ])
    func aTextThatIsNoRuleIsRefused(text: String, problem: String) {
        let error = #expect(throws: FileProblem.self) { try TensorTypeRule(parsing: text) }
        #expect(error?.problem == problem)
        #expect(error?.advice == "write PATTERN=TYPE, such as '*.rg_lru.*=q8', with f32, f16, q8, q4 for the type")
    }

    @Test func theLastRuleThatMatchesWins() throws {
        let options = try Conversion.Options.type(
            .q4, rules: ["*=f16", "model.layers.0.*=q8", "*.gate_proj.weight=f32", "model.layers.0.mlp_block.gate_proj.weight=q4"])
        for tensor in try Conversion(.small(), options).descriptions where tensor.isTiled {
            let expected: WeightType =
                tensor.name == "model.layers.0.mlp_block.gate_proj.weight"
                ? .q4 : tensor.name.hasSuffix(".gate_proj.weight") ? .f32 : tensor.name.hasPrefix("model.layers.0.") ? .q8 : .f16
            #expect(tensor.type == expected, "\(tensor.name)")
        }
    }

    @Test func plainTensorsStayF32UnderAWidePattern() throws {
        let conversion = try Conversion(.small(), .type(.q4, rules: ["*=q8"]))
        for tensor in conversion.descriptions { #expect(tensor.type == (tensor.isTiled ? .q8 : .f32)) }
    }

    @Test(arguments: [
        (
            "model.layers.9.*=q8", "--tensor-type model.layers.9.*=q8", "matches no tensor of this model"
        ),
        (
            "*_norm.weight=q8", "--tensor-type *_norm.weight=q8",
            "matches only tensors that always stay f32, such as model.layers.0.temporal_pre_norm.weight"
        ),
        (
            "*.rg_lru.recurrent_param=f16", "--tensor-type *.rg_lru.recurrent_param=f16",
            "matches only tensors that always stay f32, such as model.layers.0.temporal_block.rg_lru.recurrent_param"
        ),
    ])
    func aRuleThatChangesNothingIsAnErrorThatListsNames(rule: String, path: String, problem: String) throws {
        let source = try EditableCheckpoint.small().write()
        let error = try #require(try conversionError(source, .type(.q4, rules: [rule]), target: TemporaryFolder()))
        #expect(error.kind == .option)
        #expect(error.path == path)
        #expect(error.problem == problem)
        #expect(
            error.advice == """
                matrices have names such as model.layers.0.temporal_block.linear_x.weight, \
                model.layers.0.temporal_block.linear_y.weight, \
                model.layers.0.temporal_block.rg_lru.input_gate_weight and 21 more
                """)
    }
}
