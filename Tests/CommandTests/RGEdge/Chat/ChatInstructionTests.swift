import CommandSupport
import Foundation
import RGEdge
import TestSupport
import Testing

@testable import rg_edge

/// Lines of a chat that are for the program: what they mean, and how they are completed.
@Suite struct ChatInstructionTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func mistake(_ line: String) -> String? {
        do throws(ChatInstruction.Mistake) {
            _ = try ChatInstruction(line)
            return nil
        } catch {
            return error.description
        }
    }

    @Test(arguments: [
        ("/help", ChatInstruction.help), ("/?", .help), ("/retry", .retry), ("/clear", .clear), ("/reset", .clear),
        ("/bye", .quit), ("/quit", .quit), ("/exit ", .quit), ("/history", .history(nil)), ("/history 3", .history(3)),
        ("/fork", .fork(nil)), ("/fork 2", .fork(2)), ("/save", .save(nil)), ("/save a b.rgs ", .save("a b.rgs")),
        ("/save \"a b.rgs\"", .save("a b.rgs")), ("/load 'a\\b'", .load("a\\b")), (#"/load a\ b\\"#, .load(#"a b\"#)),
        (#"/load "a \"b\" c""#, .load(#"a "b" c"#)), ("/load Moses' talk", .load("Moses' talk")), (#"/load a\b"#, .load(#"a\b"#)),
        ("/set", .set(nil, to: "")), ("/set temperature 0.5", .set(.temperature, to: "0.5")),
        ("/set TOP_K  7 ", .set(.topK, to: "7")),
        ("/system", .system(nil)), ("/system Be  brief.\nVery.", .system("Be  brief.\nVery.")), ("/system \"\"", .system("")),
        ("/system \"Be brief.\"", .system("Be brief.")), ("/system say \"a\"", .system("say \"a\"")),
    ])
    func linesAreUnderstood(line: String, expected: ChatInstruction) throws {
        #expect(try ChatInstruction(line) == expected)
    }

    @Test(arguments: ["Who?", " /help", "", "a/b"]) func otherLinesAreForTheModel(line: String) throws {
        #expect(try ChatInstruction(line) == nil)
    }

    @Test func mistakesSayWhatToDo() {
        #expect(mistake("/") == "there is no /; /help lists what there is, and a space before the slash makes it a message")
        #expect(mistake("/load") == "/load needs the name of a file: /load talk.rgs")
        #expect(mistake("/load \"\"") == "/load needs the name of a file: /load talk.rgs")
        #expect(mistake("/save \"a") == "the quote before the file's name has no \" after it")
        #expect(mistake("/save 'a' b") == "there is text after the file's name; put quotes around all of it")
        #expect(mistake("/clear all") == "/clear takes nothing after it")
        #expect(mistake("/history 0") == "/history takes a number of questions and answers, or nothing for all")
        #expect(mistake("/set heat 1") == "there is no setting 'heat'; /set alone shows all of them")
        #expect(mistake("/set seed") == "/set seed needs a value; /set alone shows what it is")
    }

    @Test func helpFitsATerminal() {
        #expect(ChatInstruction.overview.split(separator: "\n").allSatisfy { $0.count < 80 })
        for name in ChatInstruction.names { #expect(ChatInstruction.overview.contains("/\(name)")) }
        let settings = ChatSetting.overview(GenerationOptions(sampling: Sampling(seed: UInt64(UInt32.max))))
        #expect(settings.split(separator: "\n").allSatisfy { $0.count < 80 })
        #expect(settings.split(separator: "\n").count == ChatSetting.allCases.count)
    }

    @Test func settingsChangeWhatTheyName() throws {
        var options = GenerationOptions(), expected = options
        for (setting, value) in [
            (ChatSetting.temperature, "0.5"), (.topK, "7"), (.topP, "0.9"), (.minP, "0.1"), (.seed, "12"), (.maxTokens, "-1"),
            (.repetitionPenalty, "1.1"), (.presencePenalty, "-0.5"), (.frequencyPenalty, "1"), (.repetitionWindow, "9"),
            (.logitBias, "12-inf 7+1.5"),
        ] { try setting.set(value, in: &options) }
        expected.maxTokens = nil
        expected.sampling = Sampling(
            temperature: 0.5, topK: 7, topP: 0.9, minP: 0.1, repetitionPenalty: 1.1, presencePenalty: -0.5, frequencyPenalty: 1,
            repetitionWindow: 9, logitBias: [12: -.infinity, 7: 1.5], seed: 12)
        #expect(options == expected)
        #expect(ChatSetting.logitBias.line(options) == "logit-bias 7+1.5 12-inf")
        #expect(ChatSetting.maxTokens.line(options) == "max-tokens -1")
        try ChatSetting.seed.set("random", in: &options)
        #expect(options.sampling.seed != 12 && options.sampling.seed <= UInt64(UInt32.max))
        try ChatSetting.logitBias.set("none", in: &options)
        #expect(options.sampling.logitBias.isEmpty)
    }

    @Test func valuesThatMakeNoSenseChangeNothing() {
        var options = GenerationOptions()
        let before = options
        for (setting, value, problem) in [
            (ChatSetting.temperature, "hot", "/set temperature takes a number, not hot"),
            (.temperature, "nan", "temperature is nan"), (.temperature, "-1", "temperature is -1.0"), (.topP, "0", "top-p is 0.0"),
            (.topK, "1.5", "/set top-k takes a whole number"), (.maxTokens, "-2", "-2"),
            (.seed, "-1", "/set seed takes a number below"),
            (.seed, "9223372036854775808", "/set seed takes a number below"), (.repetitionWindow, "5000", "5000"),
            (.logitBias, "a+1", "/set logit-bias takes tokens like"),
        ] {
            do throws(ChatInstruction.Mistake) {
                try setting.set(value, in: &options)
                Issue.record("\(setting) \(value)")
            } catch {
                #expect(error.description.contains(problem), "\(error)")
            }
        }
        #expect(options == before)
    }

    // MARK: - Completion

    private func texts(_ line: String) -> [String]? { ChatCompletion.complete(line)?.candidates.map(\.text) }

    @Test func namesOfInstructionsAndSettingsAreCompleted() {
        #expect(texts("/s") == ["save ", "set ", "stats ", "system "])
        #expect(texts("/") == ChatInstruction.names.map { $0 + " " })
        #expect(ChatCompletion.complete("/sav")?.replaced == 3)
        #expect(texts("/set t") == ["temperature ", "top-k ", "top-p "])
        #expect(texts("/set top-k 1") == nil && texts("/fork ") == nil && texts("Who") == nil && texts("") == nil)
    }

    @Test func namesOfFilesAreCompletedAsTheyAreTyped() throws {
        for name in ["my talk.rgs", "my tale.rgs", "other", ".hidden", "it's.rgs"] { try folder.write([], to: name) }
        try FileManager.default.createDirectory(atPath: folder.file("sub folder"), withIntermediateDirectories: false)
        let path = folder.path
        #expect(texts("/save \(path)/my") == ["\(path)/my\\ tale.rgs", "\(path)/my\\ talk.rgs"])
        #expect(ChatCompletion.complete("/save \(path)/my\\ ta")?.candidates.map(\.label) == ["my tale.rgs", "my talk.rgs"])
        #expect(texts("/load \"\(path)/my talk") == ["\"\(path)/my talk.rgs\""])
        #expect(texts("/load '\(path)/o") == ["'\(path)/other'"])
        #expect(texts("/load \(path)/su") == ["\(path)/sub\\ folder/"])
        #expect(texts("/load \(path)/.") == ["\(path)/.hidden"])
        #expect(texts("/load \(path)/it'") == ["\(path)/it's.rgs"])
        #expect(ChatCompletion.complete("/load  \(path)/o")?.replaced == path.count + 2)
        #expect(texts("/load \(path)/nothing/") == nil)
        #expect(texts("/load \"\(path)/other\"") == nil)
        // What is inserted is read back.
        for text in try #require(texts("/save \(path)/")) { #expect(try TypedFileName.name(text)?.hasPrefix(path) == true) }
    }
}
