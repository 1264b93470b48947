import Foundation
import Griffin
import System
import Testing

@Suite struct ConfigurationJSONTests {
    /// The 2B model's.
    private let configuration = Configuration(
        vocabularySize: 256_000, width: 2560, layerCount: 26, headCount: 10, headDimension: 256, recurrentWidth: 2560,
        mlpWidth: 7680, window: 2048, blockPattern: [.recurrent, .recurrent, .attention], endOfTurn: 107)

    private func parse(_ text: String) throws -> Configuration { try Configuration(parsing: Array(text.utf8)) }

    private func problem(_ text: String) -> String? {
        #expect(throws: FileProblem.self) { try parse(text) }?.problem
    }

    /// The 2B model's text with a part replaced, which must be in it.
    private func text(_ part: String, replacedBy replacement: String) throws -> String {
        let text = String(decoding: configuration.serialized(), as: UTF8.self)
        let range = try #require(text.firstRange(of: part))
        return text.replacingCharacters(in: range, with: replacement)
    }

    @Test func whatIsWrittenReadsBackTheSame() throws {
        #expect(try Configuration(parsing: configuration.serialized()) == configuration)
        var base = configuration
        base.endOfTurn = nil
        base.blockPattern = [.attention]
        base.normEpsilon = 0x1.fffffep-20
        base.logitsSoftCap = 0.1
        base.rotaryBase = 123_456.789
        #expect(try Configuration(parsing: base.serialized()) == base)
    }

    @Test func theTextHasTheKeysOfTheDocument() {
        #expect(
            String(decoding: configuration.serialized(), as: UTF8.self) == """
                {"architecture":"recurrent_gemma","vocabulary_size":256000,"width":2560,"layer_count":26,"head_count":10,\
                "head_dimension":256,"recurrent_width":2560,"mlp_width":7680,"window":2048,\
                "block_pattern":["recurrent","recurrent","attention"],"rotary_base":10000.0,"rotary_fraction":0.5,\
                "norm_epsilon":1e-06,"logits_soft_cap":30.0,"bos":2,"eos":1,"pad":0,"end_of_turn":107}
                """)
    }

    @Test func unknownKeysAreSkipped() throws {
        #expect(try parse(text("{", replacedBy: "{\"colour\": [\"blue\"], ")) == configuration)
    }

    @Test(arguments: [
        ("\"recurrent_gemma\"", "\"llama\"", "architecture is not \"recurrent_gemma\""),
        ("\"width\":2560,", "", "there is no \"width\""),
        (",\"end_of_turn\":107", "", "there is no \"end_of_turn\""),
        ("\"width\":2560", "\"width\":\"2560\"", "width is not a whole number"),
        ("\"width\":2560", "\"width\":2560.5", "width is not a whole number"),
        ("\"width\":2560", "\"width\":0", "width is 0, not in 1…1048576"),
        ("\"width\":2560", "\"width\":9223372036854775807", "width is 9223372036854775807, not in 1…1048576"),
        ("\"mlp_width\":7680", "\"mlp_width\":-1", "mlp_width is -1, not in 1…1048576"),
        ("\"head_count\":10", "\"head_count\":4097", "head_count is 4097, not in 1…4096"),
        ("\"head_count\":10", "\"head_count\":3", "recurrent_width 2560 is not a multiple of head_count 3"),
        ("\"layer_count\":26", "\"layer_count\":1e9", "layer_count is 1000000000, not in 1…1024"),
        ("[\"recurrent\",\"recurrent\",\"attention\"]", "[]", "block_pattern is not a list of \"recurrent\" and \"attention\""),
        ("\"attention\"", "\"global\"", "block_pattern is not a list of \"recurrent\" and \"attention\""),
        ("\"rotary_fraction\":0.5", "\"rotary_fraction\":null", "rotary_fraction is not a number"),
        ("\"norm_epsilon\":1e-06", "\"norm_epsilon\":1e-300", "norm_epsilon is 0.0, not in 0…1"),
        ("\"logits_soft_cap\":30.0", "\"logits_soft_cap\":1e39", "logits_soft_cap is inf, not a positive number"),
        ("\"bos\":2", "\"bos\":-2", "bos is not a token id"),
        ("\"eos\":1", "\"eos\":256000", "eos is token 256000, outside the vocabulary of 256000"),
        ("\"end_of_turn\":107", "\"end_of_turn\":4294967296", "end_of_turn is not a token id"),
    ])
    func aWrongValueIsNamed(part: String, replacement: String, expected: String) throws {
        #expect(problem(try text(part, replacedBy: replacement)) == expected)
    }

    @Test func whatIsNoObjectIsRefused() {
        #expect(problem("[1, 2]") == "the text is not a JSON object")
        #expect(problem("")?.hasPrefix("the text is not valid JSON: ") == true)
        #expect(problem("{\"architecture\": ")?.hasPrefix("the text is not valid JSON: ") == true)
    }
}
