import Foundation
import JSON
import TestSupport
import Testing

/// `rg-quant convert --vocabulary` as a user runs it, and the commands that take its files.
@Suite struct RGQuantVocabularyTests {
    private let folder: TemporaryFolder
    private let text: String
    private let output: String

    init() throws {
        folder = try TemporaryFolder()
        text = try folder.write(try Data(contentsOf: URL(fileURLWithPath: Fixtures.heldOut)).prefix(20_000), to: "text")
        output = folder.file("part.rgq")
    }

    private func convert(_ options: String..., input: [UInt8] = []) throws -> Command.Outcome {
        try Command.rgQuant.run(["convert", Fixtures.tinyEnglish, "-o", output, "-q"] + options, input: input)
    }

    /// The file of `text`, and how many pieces it has.
    private func convertText(_ options: String...) throws -> Int {
        let outcome = try Command.rgQuant.run(
            ["convert", Fixtures.tinyEnglish, "-o", output, "-q", "--vocabulary", text] + options)
        #expect(outcome.ending == .exit(0))
        let count = outcome.lines.last?.split(separator: ", ").first { $0.hasSuffix(" of 2048 pieces") }?.split(separator: " ")[0]
        return try #require(count.flatMap { Int($0) })
    }

    @Test func everyCommandSaysHowManyPiecesAreLeft() throws {
        let count = try convertText()
        #expect((800..<1400).contains(count))
        #expect(try Command.rgQuant.run("verify", "-q", output).ending == .exit(0))
        #expect(try Command.rgQuant.run("inspect", output).lines.last?.hasSuffix("; vocabulary: \(count) of 2048 pieces") == true)
        #expect(try Command.rgEdge.run("info", output).text.contains("vocabulary  \(count) of 2048 pieces; bos 2, eos 1, "))
        let compared = try Command.rgQuant.run("compare", Fixtures.tinyEnglish, output, "-q")
        #expect(compared.ending == .exit(0))
        #expect(compared.lines.last?.hasSuffix("; its vocabulary has \(count) of 2048 pieces, and only these are compared") == true)
        let json = try JSONValue(parsing: try Command.rgQuant.run("inspect", "--json", output).output)
        #expect(json["provenance"]?["vocabulary"]?["texts"] == ["text"])
        #expect(json["configuration"]?["vocabulary_size"]?.intValue == count)
    }

    @Test func textsComeFromFilesAndFromStandardInput() throws {
        let words = Array("In the beginning God created".utf8)
        let second = try folder.write(words, to: "second")
        #expect(try convert("--vocabulary", text, second, "--type", "q8").ending == .exit(0))
        let fromFiles = try Data(contentsOf: URL(fileURLWithPath: output))
        #expect(try convert("--vocabulary", text, "-", "--type", "q8", input: words).ending == .exit(0))
        let provenance = try JSONValue(parsing: try Command.rgQuant.run("inspect", "--json", output).output)["provenance"]
        #expect(provenance?["vocabulary"]?["texts"] == ["text", "stdin"])
        let fromInput = try Data(contentsOf: URL(fileURLWithPath: output))
        // The names of the texts differ, the weights don't.
        #expect(fromInput.suffix(100_000) == fromFiles.suffix(100_000))
    }

    @Test func whatIsWrongIsOneLine() throws {
        try folder.write([0x41, 0xE9], to: "latin")
        let latin = try convert("--vocabulary", text, folder.file("latin"))
        #expect(latin.ending == .exit(1))
        #expect(
            latin.errors == "rg-quant: \(folder.file("latin")): is not UTF-8 text; convert it, for example with iconv -t UTF-8\n")
        let missing = try convert("--vocabulary", folder.file("missing"))
        #expect(missing.ending == .exit(1) && missing.errors.hasPrefix("rg-quant: \(folder.file("missing")): "))
        #expect(missing.errors.count { $0 == "\n" } == 1)
        let empty = try convert("--vocabulary", "-")
        #expect(empty.ending == .exit(1))
        #expect(empty.errors == "rg-quant: /dev/stdin: has no words; give text of the kind that the model is for\n")
        #expect(try convert("--vocabulary", "-", "-").ending == .exit(64))
        #expect(try convert("--vocabulary").ending == .exit(64))
        #expect(try folder.contents().contains("part.rgq") == false)
    }

    @Test func aSignalWhileATextIsReadLeavesNothing() throws {
        let pipe = folder.file("pipe")
        try #require(mkfifo(pipe, 0o600) == 0)
        // Open for both, so that nobody waits for anybody, and the text has no end.
        let descriptor = open(pipe, O_RDWR | O_CLOEXEC)
        defer { close(descriptor) }
        let words = Array("In the beginning".utf8)
        try #require(write(descriptor, words, words.count) == words.count)
        let command = try Command.rgQuant.start(["convert", Fixtures.tinyEnglish, "-o", output, "-q", "--vocabulary", pipe])
        #expect(command.waitUntilItCatches(SIGINT))
        // Until the words were read.
        var waiting: Int32 = 1
        while command.isRunning, waiting > 0 {
            usleep(2000)
            _ = ioctl(descriptor, UInt(FIONREAD), &waiting)
        }
        command.send(SIGINT)
        let outcome = command.wait()
        #expect(outcome.ending == .exit(130) && outcome.text == "")
        #expect(outcome.errors == "rg-quant: \(pipe): was not read to its end; start again\n")
        #expect(try !folder.contents().contains("part.rgq"))
    }

    @Test func itWritesOtherTextInSmallerPieces() throws {
        _ = try convertText("--type", "q8")
        let whole = try ConvertedModel.english()
        let known = try Command.rgEdge.run("tokenize", "-m", output, "And the LORD said unto Moses")
        let expected = try Command.rgEdge.run("tokenize", "-m", whole, "And the LORD said unto Moses")
        #expect(known.ending == .exit(0) && known.lines.count == expected.lines.count)
        let other = try Command.rgEdge.run("tokenize", "-m", output, "Jerusalem zebra 日本")
        #expect(other.ending == .exit(0))
        #expect(try other.lines.count > Command.rgEdge.run("tokenize", "-m", whole, "Jerusalem zebra 日本").lines.count)
        let prompt = try Command.rgEdge.run("prompt", "-m", output, "-n", "16", "In the beginning")
        #expect(prompt.ending == .exit(0) && prompt.text.utf8.count > 16)
        let divergence = try Command.rgEdge.run("perplexity", "-q", "-m", output, "--kl", whole, text)
        #expect(divergence.ending == .exit(1) && divergence.errors.contains("has a different tokenizer than"))
    }

    @Test func aSessionOfTheWholeModelIsNotItsOwn() throws {
        _ = try convertText("--type", "f32", "--chat-template", "none")
        let session = folder.file("talk.rgs"), whole = try ConvertedModel.english()
        #expect(try Command.rgEdge.run("prompt", "-m", whole, "-n", "4", "--session", session, "In the").ending == .exit(0))
        let before = try Data(contentsOf: URL(fileURLWithPath: session))
        let outcome = try Command.rgEdge.run("prompt", "-m", output, "-n", "4", "--session", session, " of")
        #expect(outcome.ending == .exit(1) && outcome.errors.contains("talk.rgs") && outcome.errors.contains("model"))
        #expect(try Data(contentsOf: URL(fileURLWithPath: session)) == before)
    }
}
