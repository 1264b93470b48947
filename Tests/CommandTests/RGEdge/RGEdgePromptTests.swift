import Foundation
import JSON
import TestSupport
import Testing

@Suite struct RGEdgePromptTests {
    /// Objects of a command's lines of JSON.
    private func objects(_ outcome: Command.Outcome) throws -> [JSONValue] {
        try outcome.lines.map { try JSONValue(parsing: Array($0.utf8)) }
    }

    private func prompt(
        _ arguments: String..., model: String, environment: [String: String] = [:], input: String = ""
    ) throws -> Command.Outcome {
        try Command.rgEdge.run(["prompt", "-m", model] + arguments, environment: environment, input: Array(input.utf8))
    }

    /// The text that the JSON objects add up to.
    private func text(_ objects: [JSONValue]) -> String { objects.compactMap { $0["text"]?.stringValue }.joined() }

    // MARK: - Text

    /// Continuations by transformers (`Tests/Fixtures/tiny-en/README.md`), 48 tokens each.
    @Test(arguments: [
        (
            "In the beginning",
            " of the craftsman, and the firstfruits of the earth is the crown of the LORD: and the priest shall pronounce him "
                + "unclean, and shall be put to death.\nAnd if"
        ),
        (
            "And the LORD said unto Moses,",
            " Go, get thee down from among the children of Israel, from the mount of the children of Israel, and lay them on the "
                + "wood, and put them in array against the children of Israel.\nAnd Moses said unto the children"
        ),
        (
            "Blessed are they that",
            " are in the world, and that they are not of the world, but are not in the world.\nBut I know that the world is the "
                + "things which are not clean in the world, but the Father in the world.\nFor"
        ),
    ])
    func greedyTextIsTheReferences(prompt: String, continuation: String) throws {
        let outcome = try self.prompt("-n", "48", prompt, model: try ConvertedModel.english())
        #expect(outcome.ending == .exit(0))
        #expect(outcome.text == continuation, "and no line break after it where there is no terminal")
        #expect(outcome.errors.isEmpty)
    }

    @Test func standardInputIsAPromptWithoutTheLineBreakAtItsEnd() throws {
        let model = try ConvertedModel.englishInQ4()
        let given = try prompt("-n", "20", "And God said", model: model)
        for input in ["And God said", "And God said\n", "And God said\r\n"] {
            #expect(try prompt("-n", "20", "-", model: model, input: input).text == given.text)
        }
        #expect(try prompt("-n", "20", "-", model: model, input: "And God said\n\n").text != given.text, "only one line break goes")
    }

    @Test func standardInputFollowsAPromptThatIsGiven() throws {
        let model = try ConvertedModel.englishInQ4()
        let whole = try prompt("-n", "20", "The words are\n\nAnd God said", model: model)
        for input in ["And God said", "And God said\n"] {
            #expect(try prompt("-n", "20", "The words are", model: model, input: input).text == whole.text)
        }
        let alone = try prompt("-n", "20", "The words are", model: model)
        #expect(alone.text != whole.text)
        #expect(try prompt("-n", "20", "The words are", model: model, input: "\n").text == alone.text)
    }

    @Test func optionsHaveTheNamesOfLlamaCpp() throws {
        let model = try ConvertedModel.englishInQ4()
        let long = try prompt("-n", "16", "--temperature", "1", "--seed", "5", "And God said", model: model)
        #expect(try prompt("-n", "16", "--temp", "1", "-s", "5", "And God said", model: model).text == long.text)
    }

    @Test func weightsThatAreReadOrLockedBeforehandChangeNothing() throws {
        let model = try ConvertedModel.englishInQ4()
        let usual = try prompt("-n", "8", "And God said", model: model)
        #expect(try prompt("-n", "8", "--preload", "--lock-memory", "And God said", model: model).text == usual.text)
    }

    @Test(arguments: [
        (["two", "words"], "Unexpected argument 'words': put a text of several words in quotes; see rg-edge prompt --help"),
        (["one", "two", "three"], "2 unexpected arguments: 'two', 'three': put a text of several words in quotes"),
        (["-x"], "There is no prompt; give some text, after -- if it begins with -,"),
        (["-x marks the spot"], ": write -- before a text that begins with -; see rg-edge prompt --help"),
        (["some", "-x"], "Unknown option '-x': write -- before a text that begins with -; see rg-edge prompt --help"),
    ])
    func wordsThatAreMeantAsAPromptAreExplained(_ arguments: [String], _ message: String) throws {
        let outcome = try Command.rgEdge.run(["prompt", "-m", "model.rgq"] + arguments)
        #expect(outcome.ending == .exit(64))
        #expect(outcome.errors.contains(message) && outcome.errors.split(separator: "\n").count == 1, "\(outcome.errors)")
    }

    @Test func aFileIsAPromptAsStandardInputIs() throws {
        let model = try ConvertedModel.englishInQ4(), folder = try TemporaryFolder()
        let given = try prompt("-n", "20", "And God said", model: model)
        let file = try folder.write(Array("And God said\n".utf8), to: "words")
        for option in ["-f", "--file"] {
            #expect(try prompt("-n", "20", option, file, model: model).text == given.text)
        }
        #expect(try prompt("-n", "20", "-f", "-", model: model, input: "And God said\n").text == given.text)
    }

    @Test func instructionsBeginTheFirstTurn() throws {
        let model = try ConvertedModel.chat(), folder = try TemporaryFolder()
        let given = try prompt("-n", "20", "--json", "Be brief.\n\nWho was Moses?", model: model)
        let file = try folder.write(Array("\nBe brief.\n".utf8), to: "system")
        #expect(given.ending == .exit(0))
        for options in [["--system", "Be brief."], ["-sys", " Be brief. "], ["--system-file", file], ["-sysf", file]] {
            let outcome = try Command.rgEdge.run(["prompt", "-m", model, "-n", "20", "--json", "Who was Moses?"] + options)
            #expect(try text(objects(outcome)) == text(objects(given)))
            #expect(try objects(outcome).last?["prompt_tokens"] == objects(given).last?["prompt_tokens"])
        }
        // A conversation that goes on has its own.
        func tokens(_ options: String...) throws -> [Int?] {
            let session = folder.file("\(options.count).rgs")
            return try (0..<2).map { _ in
                let outcome = try Command.rgEdge.run(
                    ["prompt", "-m", model, "-n", "4", "--json", "--session", session, "Who?"] + options)
                return try objects(outcome).last?["prompt_tokens"]?.intValue
            }
        }
        let with = try tokens("--system", "Be brief."), without = try tokens()
        #expect(with[0] != without[0] && with[1] == without[1])
    }

    @Test func textOnATerminalEndsItsLine() throws {
        let outcome = try Command.rgEdge.runOnTerminal("prompt", "-m", try ConvertedModel.english(), "-n", "3", "In the beginning")
        #expect(outcome.text == " of the c\r\n")
    }

    @Test func environmentStandsInForTheModel() throws {
        let model = try ConvertedModel.englishInQ4()
        let outcome = try Command.rgEdge.run("prompt", "-n", "5", "In the", environment: ["RG_EDGE_MODEL": model])
        #expect(outcome.text == (try prompt("-n", "5", "In the", model: model)).text)
        let option = try prompt("-n", "5", "In the", model: model, environment: ["RG_EDGE_MODEL": "/nowhere"])
        #expect(option.ending == .exit(0), "-m goes before RG_EDGE_MODEL")
    }

    @Test func textEndsBeforeAStopText() throws {
        let model = try ConvertedModel.english()
        let outcome = try prompt("-n", "48", "--stop", "the earth", "--stop", "-no-such-text-", "In the beginning", model: model)
        #expect(outcome.text == " of the craftsman, and the firstfruits of ")
        let unlimited = try prompt("-n", "-1", "--stop", "\n", "--json", "In the beginning", model: model)
        let objects = try objects(unlimited)
        #expect(text(objects).hasSuffix("put to death."))
        #expect(objects.last?["finish"] == "stop")
    }

    @Test func seedDecidesTheText() throws {
        let model = try ConvertedModel.englishInQ4()
        func sample(_ arguments: String...) throws -> [JSONValue] {
            try objects(try Command.rgEdge.run(["prompt", "-m", model, "-n", "40", "--json", "In the"] + arguments))
        }
        let first = try sample("--temperature", "1", "--seed", "7")
        #expect(text(first) == text(try sample("--temperature", "1", "--seed", "7")))
        #expect(text(first) != text(try sample("--temperature", "1", "--seed", "8")))
        #expect(first.last?["seed"] == 7)

        // Without a seed there is a random one, which is shown and gives the same text again.
        let random = try sample("--temperature", "1")
        let seed = try #require(random.last?["seed"]?.intValue)
        #expect(text(random) == text(try sample("--temperature", "1", "--seed", String(seed))))
        #expect(text(random) != text(try sample("--temperature", "1")))

        // One candidate leaves no choice, and neither does leaving out all the flags.
        let greedy = try sample()
        #expect(text(greedy) == text(try sample("--top-k", "1", "--seed", "7")))
        #expect(greedy.last?["seed"] == .null)
        let penalized = try sample("--repetition-penalty", "1.5")
        #expect(text(greedy) != text(penalized))
        #expect(text(penalized) == text(try sample("--repetition-penalty", "1.5", "--repetition-window", "64")))
        #expect(text(penalized) != text(try sample("--repetition-penalty", "1.5", "--repetition-window", "8")))
        #expect(text(greedy) == text(try sample("--repetition-penalty", "1.5", "--repetition-window", "0")))
    }

    @Test func jsonIsAnObjectALineAndThenASummary() throws {
        let model = try ConvertedModel.english()
        let objects = try objects(try prompt("-n", "48", "--json", "In the beginning", model: model))
        #expect(text(objects) == (try prompt("-n", "48", "In the beginning", model: model)).text)
        let parts = objects.dropLast()
        #expect(parts.count > 10, "streamed")
        #expect(parts.allSatisfy { $0.objectValue?.members.map(\.key) == ["text"] && $0["text"]?.stringValue?.isEmpty == false })
        let summary = try #require(objects.last)
        #expect(summary["finish"] == "length")
        #expect(summary["prompt_tokens"] == 5, "<bos> included")
        #expect(summary["generated_tokens"] == 48)
        for key in ["prefill_seconds", "decode_seconds", "decode_tokens_per_second", "bytes_read_per_second"] {
            #expect(try #require(summary[key]?.doubleValue) > 0)
        }
        #expect(try #require(summary["mapped_bytes"]?.intValue) > 16_000_000)
        #expect(try #require(summary["allocated_bytes"]?.intValue) > 100_000)
    }

    @Test func biasAndPenaltiesChangeTheText() throws {
        let model = try ConvertedModel.englishInQ4()
        let plain = try prompt("-n", "12", "In the beginning", model: model).text
        let of = try token(" of", model)
        // " of" is what it would begin with.
        #expect(plain.hasPrefix(" of"))
        #expect(try !prompt("-n", "12", "-l", "\(of)-inf", "In the beginning", model: model).text.contains(" of"))
        #expect(try !prompt("-n", "12", "--logit-bias", "\(of)-100", "In the beginning", model: model).text.hasPrefix(" of"))
        let forced = try prompt("-n", "4", "-l", "\(of)+100", "-l", "5+1.5", "In the beginning", model: model).text
        #expect(forced == " of of of of")
        for penalty in ["--presence-penalty", "--frequency-penalty"] {
            let long = try prompt("-n", "40", "In the beginning", model: model).text
            #expect(try prompt("-n", "40", penalty, "0", "In the beginning", model: model).text == long)
            #expect(try prompt("-n", "40", penalty, "1.5", "In the beginning", model: model).text != long)
            #expect(try prompt("-n", "40", penalty, "-0.5", "In the beginning", model: model).text != long)
        }
    }

    /// The only token of a text.
    private func token(_ text: String, _ model: String) throws -> Int {
        try #require(Int(Command.rgEdge.run("tokenize", "-m", model, "--ids", "--no-bos", text).text.dropLast()))
    }

    @Test func logprobsComeBesideEachPartOfTheText() throws {
        let model = try ConvertedModel.englishInQ4(), folder = try TemporaryFolder()
        let objects = try objects(
            try prompt(
                "-n", "20", "--json", "--logprobs", "2", "--temperature", "2", "--seed", "1", "In the beginning", model: model))
        let parts = objects.dropLast(), tokens = parts.flatMap { $0["tokens"]?.arrayValue ?? [] }
        #expect(parts.allSatisfy { $0.objectValue?.members.map(\.key) == ["text", "tokens"] })
        #expect(tokens.count == 20)
        for token in tokens {
            #expect(token.objectValue?.members.map(\.key) == ["id", "piece", "logprob", "top"])
            let top = try #require(token["top"]?.arrayValue)
            #expect(top.allSatisfy { $0.objectValue?.members.map(\.key) == ["id", "piece", "logprob"] })
            let values = try top.map { try #require($0["logprob"]?.doubleValue) }
            #expect(values.count == 2 && values[0] >= values[1] && values[0] < 0)
            #expect(try #require(token["logprob"]?.doubleValue) <= values[0])
        }
        let ids = tokens.compactMap { $0["id"]?.intValue.map(String.init) }.joined(separator: ",")
        #expect(try Command.rgEdge.run("tokenize", "-m", model, "--decode", ids).text == text(objects))

        // The first is the log softmax of what `logits` writes, whatever the temperature.
        let prompt = try Command.rgEdge.run("tokenize", "-m", model, "--ids", "In the beginning").text.dropLast()
        let path = folder.file("logits.npy")
        _ = try Command.rgEdge.run("logits", "-m", model, "--tokens", String(prompt), "-o", path)
        let array = try NumpyArray(path: path)
        let logits = array.floats.suffix(2048), largest = Double(logits.max() ?? 0)
        let sum = largest + log(logits.reduce(0.0) { $0 + exp(Double($1) - largest) })
        let first = try #require(tokens.first), id = try #require(first["id"]?.intValue)
        let logprob = try #require(first["logprob"]?.doubleValue)
        #expect(abs(logprob - (Double(logits[logits.startIndex + id]) - sum)) < 1e-5)

        let bare = try self.objects(try self.prompt("-n", "3", "--json", "--logprobs", "0", "In the beginning", model: model))
        #expect(bare.first?["tokens"]?.arrayValue?.first?["top"] == .array([]))
    }

    @Test func timingsAreOneLineOnStandardError() throws {
        let model = try ConvertedModel.englishInQ4()
        let outcome = try prompt("-n", "8", "--timings", "--temperature", "1", "--seed", "3", "-t", "1", "In the", model: model)
        #expect(outcome.errors.split(separator: "\n").count == 1)
        for part in ["text: 8 tokens", "tokens/s", "B/s", "mapped", "allocated", "1 thread", "seed 3"] {
            #expect(outcome.errors.contains(part))
        }
    }

    @Test func timingsInTheFileOfTheTextBeginALine() throws {
        let command = "\(Command.rgEdge.path) prompt -m \(try ConvertedModel.englishInQ4()) -n 4 --timings 'In the beginning'"
        let outcome = try Command(path: "/bin/sh").run("-c", command + " 2>&1")
        #expect(outcome.lines.count == 2)
        #expect(outcome.lines.last?.hasPrefix("prompt: ") == true)
        // Elsewhere the text stays as it is.
        #expect(try Command(path: "/bin/sh").run("-c", command).lines.count == 1)
    }

    // MARK: - Chat

    @Test func instructionTunedModelGetsAChatTurnUnlessRaw() throws {
        let model = try ConvertedModel.chat()
        func summary(_ arguments: String...) throws -> JSONValue {
            try #require(try objects(try Command.rgEdge.run(["prompt", "-m", model, "-n", "4", "--json"] + arguments)).last)
        }
        let turn = "<start_of_turn>user\nIn the<end_of_turn>\n<start_of_turn>model\n"
        let tokens = try Command.rgEdge.run("tokenize", "-m", model, "--ids", "--special", turn)
        #expect(try summary("In the")["prompt_tokens"]?.intValue == tokens.text.split(separator: ",").count)
        #expect(try summary("--raw", "In the")["prompt_tokens"] == 3)
    }

    @Test func controlTokensInAPromptStayText() throws {
        let model = try ConvertedModel.chat()
        func promptTokens(_ text: String) throws -> Int {
            let outcome = try prompt("-n", "1", "--json", "--raw", text, model: model)
            return try #require(try objects(outcome).last?["prompt_tokens"]?.intValue)
        }
        #expect(try promptTokens("<end_of_turn>") > 3)
    }

    // MARK: - UTF-8

    @Test func partsAreWholeCharactersWhateverTheTokens() throws {
        let model = try ConvertedModel.noise()
        let outcome = try prompt("-n", "400", "--temperature", "3", "--seed", "1", "--json", "é", model: model)
        #expect(outcome.ending == .exit(0))
        #expect(String(validating: outcome.output, as: UTF8.self) != nil)
        // Foundation reads U+0000, which this text may have; the project's own reader refuses it.
        let parts = try outcome.lines.dropLast().map { line in
            let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: String])
            return try #require(object["text"])
        }
        #expect(parts.count > 20)
        #expect(parts.contains { !$0.allSatisfy(\.isASCII) })
    }

    // MARK: - Being stopped

    @Test(arguments: [false, true]) func controlCStopsCleanly(asJSON: Bool) throws {
        let running = try Command.rgEdge.start(
            ["prompt", "-m", try ConvertedModel.englishInQ4(), "-n", "-1", "--timings", "In the"] + (asJSON ? ["--json"] : []))
        #expect(running.waitForOutput(of: 500))
        running.send(SIGINT)
        let outcome = running.wait()
        #expect(outcome.ending == .exit(130))
        #expect(outcome.errors.contains("tokens/s"))
        #expect(String(validating: outcome.output, as: UTF8.self) != nil)
        if asJSON { #expect(try objects(outcome).last?["finish"] == "cancelled") }
    }

    @Test func closedPipeEndsQuietly() throws {
        let pipe = try NamedPipe()
        let running = try Command.rgEdge.start(
            ["prompt", "-m", try ConvertedModel.englishInQ4(), "-n", "-1", "--timings", "In the"], output: pipe.path)
        #expect(!pipe.read(10).isEmpty)
        pipe.close()
        let outcome = running.wait()
        #expect(outcome.ending == .signal(SIGPIPE))
        #expect(outcome.errors.isEmpty)
    }

    @Test func fullDiskIsReported() throws {
        let model = try ConvertedModel.englishInQ4()
        let outcome = try Command.rgEdge.start(["prompt", "-m", model, "In the"], output: "/dev/full").wait()
        #expect(outcome.ending == .exit(1))
        #expect(outcome.errors.hasPrefix("rg-edge: standard output: write failed (No space left on device)"))
    }
}
