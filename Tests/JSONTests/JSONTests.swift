import TestSupport
import Testing

@testable import JSON

@Suite struct JSONTests {
    static func parse(_ text: String) throws(JSONError) -> JSONValue { try JSONValue(parsing: Array(text.utf8)) }

    static func text(_ value: JSONValue, indented: Bool = false) -> String {
        String(decoding: value.serialized(indented: indented), as: UTF8.self)
    }

    // MARK: - Reading

    @Test(
        arguments: [
            ("null", .null), (" true ", true), ("false", false), ("0", 0), ("-0", 0), ("-12", -12), ("1.0", .real(1)),
            ("1e2", .real(100)),
            ("-2.5E-3", .real(-0.0025)), ("9223372036854775807", .integer(.max)), ("-9223372036854775808", .integer(.min)),
            ("\"\"", ""), ("[]", []),
            ("{}", [:]), ("[1,[2,{\"a\":null}]]", [1, [2, ["a": .null]]]),
            ("\t{\r\n\"a\" : 1 , \"b\":[ ] }\n", ["a": 1, "b": []]),
        ] as [(String, JSONValue)]) func everyKindOfValueIsRead(_ text: String, _ value: JSONValue) throws
    {
        #expect(try Self.parse(text) == value)
    }

    @Test(arguments: [
        (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"), (#""\u00e9\u65E5""#, "é日"), (#""\ud83d\ude42""#, "🙂"),
        (#""é日🙂""#, "é日🙂"),
    ]) func escapesAreRead(_ text: String, _ string: String) throws {
        #expect(try Self.parse(text) == .string(string))
    }

    @Test func membersKeepTheirOrder() throws {
        let object = try #require(try Self.parse(#"{"z":1,"a":2,"m":{"y":1,"b":2}}"#).objectValue)
        #expect(object.members.map(\.key) == ["z", "a", "m"])
        #expect(object["m"]?.objectValue?.members.map(\.key) == ["y", "b"])
    }

    @Test(arguments: [
        "", " ", "nul", "tru", "{", "[", "[1,", "[1,]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "'a'", "01", "1.",
        ".5", "+1", "0x10", "NaN",
        "Infinity", "1e", "1 2", "{} {}", "\"a", "\"\n\"", #""\x""#, #""\u12""#, #""\ud800""#, #""\udc00""#, #""\u0000""#,
        "[1}", "\u{FEFF}1", "/* */ 1",
    ]) func whatIsNotJSONIsRefused(_ text: String) {
        let error = #expect(throws: JSONError.self) { try Self.parse(text) }
        #expect(error?.description.hasPrefix("not valid JSON: ") == true)
    }

    @Test(arguments: ["1\0", "[1\0]", "{\"a\":true\0}", "\0", "[]\0", "\"\0\""])
    func aByteThatIsZeroIsRefused(_ text: String) {
        #expect(throws: JSONError.self) { try JSONValue(parsing: Array(text.utf8)) }
    }

    @Test func bytesThatAreNotUTF8AreRefused() {
        for bad: [UInt8] in [[0xFF], [0xC0, 0xAF], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xE6, 0x97]] {
            #expect(throws: JSONError.self) { try JSONValue(parsing: [UInt8(ascii: "\"")] + bad + [UInt8(ascii: "\"")]) }
        }
        #expect(throws: JSONError.self) { try JSONValue(parsing: Array("{}\0".utf8)) }
    }

    @Test func aKeyThatStandsTwiceIsRefused() {
        for text in [#"{"a":1,"a":1}"#, #"[{"b":{"a":1,"c":2,"\u0061":3}}]"#] {
            let error = #expect(throws: JSONError.self) { try Self.parse(text) }
            #expect(error?.message.contains("duplicate") == true)
        }
    }

    @Test func levelsEndAtTheLimit() throws {
        func nested(_ levels: Int, _ open: String, _ close: String) -> String {
            String(repeating: open, count: levels) + "1" + String(repeating: close, count: levels)
        }
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            _ = try Self.parse(nested(JSONValue.depthLimit, open, close))
            for levels in [JSONValue.depthLimit + 1, 2000, 3000, 100_000] {
                #expect(throws: JSONError.self) { try Self.parse(nested(levels, open, close)) }
            }
        }
    }

    /// As in the tokenizer_config.json of Gemma models: `int(1e30)` of Python.
    @Test func wholeNumbersBeyond64BitsAreReals() throws {
        let value = try Self.parse(#"{"model_max_length": 1000000000000000019884624838656, "a": 3, "s": "x"}"#)
        #expect(value["model_max_length"]?.doubleValue == 1e30)
        #expect(value["model_max_length"]?.intValue == nil)
        #expect(value["a"]?.intValue == 3)
        #expect(value["s"] == "x")
        #expect(try Self.parse("9223372036854775808").doubleValue == 0x1p63)
    }

    @Test func numbersBeyondADoubleAreRefused() {
        for text in ["1e999", "-1e999", "1" + String(repeating: "0", count: 400)] {
            #expect(throws: JSONError.self) { try Self.parse(text) }
        }
    }

    @Test func errorsNameThePlace() {
        let error = #expect(throws: JSONError.self) { try Self.parse("{\n  \"a\": 1,\n  \"b\": oops\n}") }
        #expect(error?.line == 3)
        #expect(error?.description.contains("(line 3, column ") == true)
    }

    @Test func errorsHideWhatATerminalWouldActOn() {
        for sign in ["\u{1B}[31m", "\u{202E}", "\u{2028}", "\u{7F}"] {
            let error = #expect(throws: JSONError.self) { try Self.parse("[x\(sign)x]") }
            #expect(error?.description.unicodeScalars.contains(sign.unicodeScalars.first!) == false)
        }
    }

    @Test func anyBytesAreReadOrRefused() {
        let text = Array(#"{"a":[1,2.5e3,"\u00e9",{"b":null}],"c":true,"d":"日"}"#.utf8)
        var random = RandomSource(seed: 1)
        for _ in 0..<20_000 {
            var damaged = text
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                damaged[Int.random(in: damaged.indices, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            _ = try? JSONValue(parsing: damaged)
        }
        for count in 0..<text.count { #expect(throws: JSONError.self) { try JSONValue(parsing: Array(text[..<count])) } }
    }

    // MARK: - Values

    @Test func numbersAreGivenAsWhatTheyAre() {
        #expect(JSONValue.real(3).intValue == 3)
        #expect(JSONValue.real(3.5).intValue == nil)
        #expect(JSONValue.real(1e300).intValue == nil)
        #expect(JSONValue.integer(7).doubleValue == 7)
        #expect(
            JSONValue.string("7").intValue == nil && JSONValue.bool(true).intValue == nil
                && JSONValue.null.doubleValue == nil)
        #expect(JSONValue.array([1])["a"] == nil && JSONValue.null.isNull && !JSONValue.bool(false).isNull)
    }

    @Test func membersAreSetReplacedAndRemoved() {
        var object = JSONObject()
        object["a"] = 1
        object["b"] = 2
        object["a"] = 3
        #expect(object.members == [.init(key: "a", value: 3), .init(key: "b", value: 2)])
        object["a"] = nil
        object["c"] = nil
        #expect(object.members.map(\.key) == ["b"])
    }

    // MARK: - Writing

    @Test func textIsWrittenOnOneLineOrIndented() {
        let value: JSONValue = ["a": 1, "b": [true, .null, "x"], "c": [:], "d": []]
        #expect(Self.text(value) == #"{"a":1,"b":[true,null,"x"],"c":{},"d":[]}"#)
        #expect(
            Self.text(value, indented: true)
                == "{\n  \"a\": 1,\n  \"b\": [\n    true,\n    null,\n    \"x\"\n  ],\n  \"c\": {},\n  \"d\": []\n}\n")
    }

    @Test(arguments: [
        (1e-6, "1e-06"), (0.1, "0.1"), (10_000, "10000.0"), (-0.0, "-0.0"), (.infinity, "null"), (-.infinity, "null"),
        (.nan, "null"),
    ])
    func realsAreWrittenInTheFewestDigits(_ value: Double, _ text: String) {
        #expect(Self.text(.real(value)) == text)
    }

    @Test func whatMustBeEscapedIs() {
        #expect(Self.text("\"\\\n\r\t\u{0}\u{1F}/é🙂\u{7F}") == "\"\\\"\\\\\\n\\r\\t\\u0000\\u001f/é🙂\u{7F}\"")
    }

    @Test func whatWasWrittenReadsBackTheSame() throws {
        var random = RandomSource(seed: 2)
        for _ in 0..<2000 {
            let value = Self.value(levels: 4, &random)
            for indented in [false, true] {
                #expect(try JSONValue(parsing: value.serialized(indented: indented)) == value)
            }
        }
    }

    /// A random value without U+0000 and without numbers that aren't finite.
    static func value(levels: Int, _ random: inout RandomSource) -> JSONValue {
        func string() -> String {
            var string = ""
            for _ in 0..<Int.random(in: 0...8, using: &random) {
                let limit: UInt32 = [0x80, 0x800, 0x11_0000].randomElement(using: &random)!
                if let scalar = Unicode.Scalar(UInt32.random(in: 1..<limit, using: &random)) {
                    string.unicodeScalars.append(scalar)
                }
            }
            return string
        }
        switch Int.random(in: 0..<(levels > 0 ? 8 : 6), using: &random) {
        case 0: return .null
        case 1: return .bool(Bool.random(using: &random))
        case 2: return .integer(Int64(bitPattern: random.next()))
        case 3:
            let number = Double(bitPattern: random.next())
            return .real(number.isFinite ? number : 0.5)
        case 4: return .real(Double(Int.random(in: -1000...1000, using: &random)))
        case 5: return .string(string())
        case 6: return .array((0..<Int.random(in: 0...4, using: &random)).map { _ in value(levels: levels - 1, &random) })
        default:
            var object = JSONObject()
            for number in 0..<Int.random(in: 0...4, using: &random) {
                object["\(number)" + string()] = value(levels: levels - 1, &random)
            }
            return .object(object)
        }
    }
}
