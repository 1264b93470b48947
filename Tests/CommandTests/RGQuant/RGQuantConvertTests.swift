import Foundation
import TestSupport
import Testing

/// `rg-quant convert` as a user runs it.
@Suite struct RGQuantConvertTests {
    private let folder: TemporaryFolder
    private let output: String

    init() throws {
        folder = try TemporaryFolder()
        output = folder.file("model.rgq")
    }

    /// The lines of a table by their first word.
    private func rows(_ outcome: Command.Outcome) -> [String: [String]] {
        let words = outcome.lines.map { $0.split(separator: " ").map(String.init) }
        return Dictionary(words.compactMap { row in row.first.map { ($0, row) } }) { first, _ in first }
    }

    @Test func theTableSaysWhatIsInTheFile() throws {
        let outcome = try Command.rgQuant.run("convert", Fixtures.oracle("alpha"), "-o", output, "--type", "q4-small")
        #expect(outcome.ending == .exit(0))
        #expect(try folder.contents() == ["model.rgq"])
        let rows = rows(outcome)
        #expect(outcome.lines.first == "type  tensors    bytes  bits per weight  largest relative error")
        #expect(rows["q4"]?.prefix(4) == ["q4", "63", "976896", "4.50"])
        #expect(rows["q4"]?.count == 7, "with the relative error and its tensor")
        #expect(rows["f32"] == ["f32", "91", "72192", "32.00", "0"])
        #expect(rows["all"] == ["all", "154", "1049088", "4.78"])
        #expect(outcome.lines.last?.hasPrefix("\(output): 1.52 MB, 1.75 million weights, no chat template, in ") == true)
    }

    @Test(arguments: ["q4", "q8", "f16", "f32"])
    func theTypeIsThatAskedFor(type: String) throws {
        let outcome = try Command.rgQuant.run("convert", Fixtures.oracle("beta"), "--output", output, "--type", type)
        #expect(outcome.ending == .exit(0))
        #expect(outcome.lines[1].hasPrefix(type + " "))
        #expect(try Command.rgQuant.run("verify", output).ending == .exit(0))
    }

    @Test func q4KeepsSomeInQ8() throws {
        let outcome = try Command.rgQuant.run("convert", Fixtures.tinyEnglish, "-o", output)
        let rows = rows(outcome)
        #expect(rows["q4"]?[1] == "62" && rows["q8"]?[1] == "1")
        #expect(rows["q8"]?.last == "model.embed_tokens.weight")
    }

    @Test func typesOfTensorsCanBeChosen() throws {
        let rules = ["--tensor-type", "*.rg_lru.*=q8", "--tensor-type", "*.recurrent_gate_weight=f16"]
        let outcome = try Command.rgQuant.run(["convert", Fixtures.oracle("alpha"), "-o", output, "--type", "q4-small"] + rules)
        #expect(outcome.ending == .exit(0))
        let rows = rows(outcome)
        #expect(rows["q8"]?[1] == "6")
        #expect(rows["f16"]?[1] == "6")
        #expect(rows["q4"]?[1] == "51")
    }

    @Test func progressIsALineATenthWhereThereIsNoTerminal() throws {
        let outcome = try Command.rgQuant.run("convert", Fixtures.oracle("alpha"), "-o", output)
        let lines = outcome.errors.split(separator: "\n")
        #expect((5...10).contains(lines.count))
        #expect(lines.allSatisfy { $0.hasPrefix("converting: ") && $0.contains(" of 7.02 MB, ") })
        #expect(lines.last?.hasPrefix("converting: 100 %, 7.02 MB of 7.02 MB, ") == true)
        #expect(!outcome.errors.contains("\r"))
    }

    @Test func quietSilencesProgressAlone() throws {
        let outcome = try Command.rgQuant.run("convert", Fixtures.oracle("alpha"), "-o", output, "--quiet", "--type", "q4-small")
        #expect(outcome.errors == "")
        #expect(outcome.lines.count == 5)
    }

    @Test func onATerminalProgressIsABarThatIsRemoved() throws {
        let outcome = try Command.rgQuant.runOnTerminal("convert", Fixtures.oracle("alpha"), "-o", output)
        #expect(outcome.ending == .exit(0))
        let text = outcome.text
        let drawing = try #require(text.split(separator: "\r").first { $0.hasPrefix("converting  [") })
        #expect(drawing.contains(" %  ") && drawing.contains(" of 7.02 MB  "))
        #expect(text.contains("\r\u{1B}[Ktype  tensors"), "the bar is gone when the table comes")
    }

    @Test func aFileOfAnotherKindStays() throws {
        try folder.write(Array("something else".utf8), to: "model.rgq")
        let outcome = try Command.rgQuant.run("convert", Fixtures.oracle("alpha"), "-o", output)
        #expect(outcome.ending == .exit(1) && outcome.text == "")
        #expect(
            outcome.errors == """
                rg-quant: \(output): is not a model file, and so is not replaced; give another name, or remove it first

                """)
        #expect(FileManager.default.contents(atPath: output) == Data("something else".utf8))
    }

    @Test func anExistingModelFileIsReplaced() throws {
        try folder.write(Array("RGQ1".utf8), to: "model.rgq")
        #expect(try Command.rgQuant.run("convert", Fixtures.oracle("alpha"), "-o", output).ending == .exit(0))
        #expect(try Command.rgQuant.run("verify", output).ending == .exit(0))
        #expect(try folder.contents() == ["model.rgq"])
    }

    @Test func theFileIsTheSameForAnyNumberOfThreads() throws {
        for threads in ["1", "4"] {
            let outcome = try Command.rgQuant.run("convert", Fixtures.oracle("alpha"), "-o", folder.file(threads), "-t", threads)
            #expect(outcome.ending == .exit(0))
        }
        #expect(FileManager.default.contentsEqual(atPath: folder.file("1"), andPath: folder.file("4")))
    }

    @Test func unknownTensorsAreWarnedAbout() throws {
        var checkpoint = try EditableCheckpoint.small()
        checkpoint["model.extra"] = .init(name: "model.extra", shape: [1], floats: [1])
        let source = try checkpoint.write()
        let outcome = try withExtendedLifetime(source) { try Command.rgQuant.run("convert", source.path, "-o", output, "-q") }
        #expect(outcome.ending == .exit(0))
        #expect(
            outcome.errors
                == "rg-quant: warning: \(source.path): left out tensors that are not part of RecurrentGemma: model.extra\n")
    }

    @Test func aModelThatMayMissItsTemplateIsWarnedAboutAndSaysSo() throws {
        var checkpoint = try EditableCheckpoint.small()
        checkpoint.files["tokenizer_config.json"] = nil
        let source = try checkpoint.write()
        try withExtendedLifetime(source) {
            let outcome = try Command.rgQuant.run("convert", source.path, "-o", output, "-q")
            #expect(outcome.ending == .exit(0))
            #expect(outcome.errors.hasPrefix("rg-quant: warning: \(source.path): has no chat template; if this is an "))
            #expect(outcome.errors.last == "\n" && outcome.errors.count { $0 == "\n" } == 1)
        }
        let advice = "tokenizer_config.json or chat_template.jinja in the folder"
        let prompt = try Command.rgEdge.run("prompt", "-m", output, "-n", "4", "a")
        #expect(prompt.ending == .exit(0))
        #expect(prompt.errors.hasPrefix("rg-edge: \(output): has no chat template: goes on with the prompt's text"))
        #expect(prompt.errors.contains(advice) && prompt.errors.count { $0 == "\n" } == 1)
        #expect(try Command.rgEdge.run("prompt", "-m", output, "-n", "4", "a", "--raw").errors == "")
        let chat = try Command.rgEdge.run("chat", "-m", output)
        #expect(chat.ending == .exit(1) && chat.errors.contains(advice))
    }

    @Test func theChatTemplateIsNamed() throws {
        let outcome = try Command.rgQuant.run("convert", Fixtures.oracle("alpha"), "-o", output, "--chat-template", "gemma")
        #expect(outcome.lines.last?.contains(", Gemma's chat template, ") == true)
    }

    @Test func aResultThatNobodyReadsEndsQuietly() throws {
        let pipe = try NamedPipe()
        let command = try Command.rgQuant.start(["convert", Fixtures.oracle("alpha"), "-o", output, "-q"], output: pipe.path)
        pipe.close()
        let outcome = command.wait()
        #expect(outcome.ending == .signal(SIGPIPE))
        #expect(outcome.errors == "")
        #expect(FileManager.default.fileExists(atPath: output), "the file is there all the same")
    }
}
