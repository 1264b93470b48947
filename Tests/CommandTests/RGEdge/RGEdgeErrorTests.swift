import Foundation
import TestSupport
import Testing

/// What a user did wrong, and what the one line on standard error has to say about it.
struct Mistake: Sendable, CustomTestStringConvertible {
    let arguments: [String]
    let input: [UInt8]
    let status: Int32
    let parts: [String]

    init(_ arguments: String..., input: [UInt8] = [], status: Int32, says parts: String...) {
        self.arguments = arguments
        self.input = input
        self.status = status
        self.parts = parts
    }

    var testDescription: String { arguments.joined(separator: " ") }
}

@Suite struct RGEdgeErrorTests {
    /// One line, the exit status, nothing on standard output.
    private func expect(_ outcome: Command.Outcome, status: Int32, says parts: [String]) {
        #expect(outcome.ending == .exit(status))
        #expect(outcome.output.isEmpty)
        #expect(outcome.errors.hasPrefix("rg-edge: ") && outcome.errors.hasSuffix("\n"))
        #expect(outcome.errors.count { $0 == "\n" } == 1)
        for part in parts { #expect(outcome.errors.contains(part)) }
    }

    @Test(arguments: [
        Mistake("prompt", "hello", status: 64, says: "No model file", "-m FILE", "RG_EDGE_MODEL", "see rg-edge prompt --help"),
        Mistake("logits", "--tokens", "2", "-o", "x", status: 64, says: "No model file", "see rg-edge logits --help"),
        Mistake("prompt", "-m", "MODEL", "--session", "-", "hello", status: 64, says: "--session takes", "write ./-"),
        Mistake("chat", "-m", "MODEL", "--session", "-", status: 64, says: "--session takes the name of a file, not -"),
        Mistake("prompt", "-m", "MODEL", "--prompt-cache", "-", "hello", status: 64, says: "name of a folder, not -"),
        Mistake("logits", "-m", "MODEL", "--tokens", "2", "-o", "-", status: 64, says: "--output takes the name of a file, not -"),
        Mistake("prompt", "-m", "MODEL", status: 64, says: "prompt", "--help"),
        Mistake("prompt", "-m", "MODEL", "", status: 64, says: "The prompt is empty"),
        Mistake("prompt", "-m", "MODEL", "hello", "-", status: 64, says: "'-'"),
        Mistake("prompt", "-m", "MODEL", "hello", "-f", "x", status: 64, says: "Give a prompt or -f FILE, not both"),
        Mistake("prompt", "-m", "MODEL", "-f", "", status: 64, says: "-f needs the name of a file"),
        Mistake("prompt", "-m", "MODEL", "-f", "/nowhere", status: 1, says: "/nowhere: opening failed"),
        Mistake("prompt", "-m", "MODEL", "-f", "/dev/null", status: 1, says: "/dev/null: "),
        Mistake("prompt", "-m", "MODEL", "--system", "a", "--raw", "hello", status: 64, says: "--system", "--raw"),
        Mistake("prompt", "-m", "MODEL", "--system", "a", "--system-file", "b", "hello", status: 64, says: "not both"),
        Mistake("prompt", "-m", "MODEL", "--system-file", "-", "hello", status: 64, says: "--system-file takes a file"),
        Mistake("prompt", "-m", "MODEL", "--system-file", "/nowhere", "hello", status: 1, says: "/nowhere: opening failed"),
        Mistake("prompt", "-m", "MODEL", "--system", "a", "hello", status: 1, says: "knows no conversations; leave out --system"),
        Mistake("prompt", "-m", "MODEL", "--system", "- a", "hello", status: 1, says: "knows no conversations"),
        Mistake("prompt", "-m", "MODEL", "--system-file", "-nowhere", "hello", status: 1, says: "-nowhere: opening failed"),
        Mistake("chat", "-m", "MODEL", "-sysf", "/nowhere", status: 1, says: "/nowhere: opening failed"),
        Mistake("prompt", "-m", "MODEL", "-", status: 1, says: "standard input: is empty"),
        Mistake("prompt", "-m", "MODEL", "-", input: [0x61, 0xC3], status: 1, says: "standard input: is not UTF-8 text", "iconv"),
        Mistake("prompt", "-m", "MODEL", "--no-such-flag", "hello", status: 64, says: "--no-such-flag"),
        Mistake("prompt", "-m", "MODEL", "-n", "-2", "hello", status: 64, says: "--max-tokens", "-2"),
        Mistake("prompt", "-m", "MODEL", "-n", "many", "hello", status: 64, says: "many"),
        Mistake("prompt", "-m", "MODEL", "--temperature", "-1", "hello", status: 64, says: "--temperature"),
        Mistake("prompt", "-m", "MODEL", "--temperature", "nan", "hello", status: 64, says: "--temperature"),
        Mistake("prompt", "-m", "MODEL", "--top-k", "-1", "hello", status: 64, says: "--top-k"),
        Mistake("prompt", "-m", "MODEL", "--top-p", "0", "hello", status: 64, says: "--top-p"),
        Mistake("prompt", "-m", "MODEL", "--min-p", "1.1", "hello", status: 64, says: "--min-p"),
        Mistake("prompt", "-m", "MODEL", "--seed", "9223372036854775808", "hello", status: 64, says: "--seed"),
        Mistake("prompt", "-m", "MODEL", "--repetition-penalty", "0", "hello", status: 64, says: "--repetition-penalty"),
        Mistake("prompt", "-m", "MODEL", "--repetition-window", "4097", "hello", status: 64, says: "--repetition-window", "4096"),
        Mistake("prompt", "-m", "MODEL", "--repetition-window", "-1", "hello", status: 64, says: "--repetition-window"),
        Mistake("prompt", "-m", "MODEL", "--presence-penalty", "nan", "hello", status: 64, says: "--presence-penalty"),
        Mistake("prompt", "-m", "MODEL", "--frequency-penalty", "inf", "hello", status: 64, says: "--frequency-penalty"),
        Mistake("prompt", "-m", "MODEL", "--logit-bias", "5", "hello", status: 64, says: "'5'", "--logit-bias"),
        Mistake("prompt", "-m", "MODEL", "--logit-bias", "5+inf", "hello", status: 64, says: "'5+inf'", "--logit-bias"),
        Mistake("prompt", "-m", "MODEL", "--logit-bias", "5+-1", "hello", status: 64, says: "'5+-1'", "--logit-bias"),
        Mistake("prompt", "-m", "MODEL", "--logit-bias", "-5+1", "hello", status: 64, says: "'-5+1'", "--logit-bias"),
        Mistake("prompt", "-m", "MODEL", "--logit-bias", "5-nan", "hello", status: 64, says: "'5-nan'", "--logit-bias"),
        Mistake("prompt", "-m", "MODEL", "-l", "5+1", "-l", "5-1", "hello", status: 64, says: "--logit-bias", "token 5 twice"),
        Mistake("prompt", "-m", "MODEL", "-l", "2048+1", "hello", status: 1, says: "token 2048", "vocabulary of 2048"),
        Mistake("prompt", "-m", "MODEL", "--json", "--logprobs", "21", "hello", status: 64, says: "--logprobs", "20"),
        Mistake("prompt", "-m", "MODEL", "--logprobs", "2", "hello", status: 64, says: "--logprobs goes with --json"),
        Mistake("prompt", "-m", "MODEL", "--stop", "", "hello", status: 64, says: "--stop"),
        Mistake("prompt", "-m", "MODEL", "-t", "0", "hello", status: 64, says: "--threads", "0"),
        Mistake("prompt", "-m", "MODEL", "--kernels", "warp", "hello", status: 64, says: "'warp'", "scalar"),
        Mistake("prompt", "-m", "MODEL", "--resident", "some", "hello", status: 64, says: "--resident", "some"),
        Mistake("prompt", "-m", "MODEL", "--resident", "-1M", "hello", status: 64, says: "--resident"),
        Mistake("prompt", "-m", "/nowhere/model.rgq", "hello", status: 1, says: "/nowhere/model.rgq"),
        Mistake("prompt", "-m", "/tmp", "hello", status: 1, says: "/tmp"),
        Mistake("info", status: 64, says: "No model file", "rg-edge info FILE"),
        Mistake("info", "/nowhere/model.rgq", status: 1, says: "/nowhere/model.rgq"),
        Mistake("info", "--cpu", "MODEL", status: 64, says: "--cpu"),
        Mistake("tokenize", "-m", "MODEL", status: 64, says: "--decode"),
        Mistake("tokenize", "-m", "MODEL", "--ids", "--json", "hello", status: 64, says: "--ids", "--json"),
        Mistake("tokenize", "-m", "MODEL", "--decode", "2048", status: 1, says: "MODEL", "2048", "0 to 2047"),
        Mistake("perplexity", "-m", "MODEL", "/nowhere/text", status: 1, says: "/nowhere/text", "No such file"),
        Mistake("perplexity", "-m", "MODEL", "-", status: 1, says: "has no text"),
        Mistake("perplexity", "-m", "MODEL", "--chunk", "0", "-", status: 64, says: "--chunk"),
        Mistake("perplexity", "-m", "MODEL", "--kl", "OTHER", "-", input: [0x61], status: 1, says: "a different tokenizer"),
        Mistake("prmpt", "-m", "MODEL", "hello", status: 64, says: "no command 'prmpt'", "prompt, chat, serve, list, info"),
    ])
    func mistakeIsOneLine(_ mistake: Mistake) throws {
        let files = ["MODEL": try ConvertedModel.englishInQ4(), "OTHER": try ConvertedModel.noise()]
        let outcome = try Command.rgEdge.run(mistake.arguments.map { files[$0] ?? $0 }, input: mistake.input)
        expect(outcome, status: mistake.status, says: mistake.parts.map { files[$0] ?? $0 })
    }

    @Test func argumentThatIsNotUTF8IsRefused() throws {
        // A Swift string can't hold such an argument; a shell makes one.
        let shell = Command(path: "/bin/sh")
        let script = #"exec "$0" prompt -m "$1" "$(printf 'caf\351')""#
        let outcome = try shell.run("-c", script, Command.rgEdge.path, try ConvertedModel.englishInQ4())
        expect(outcome, status: 64, says: ["Argument 4 is not UTF-8"])
    }

    @Test(arguments: [0, 1, 127, 128, 5000, 100_000]) func cutFileIsReported(bytes: Int) throws {
        let whole = try #require(FileManager.default.contents(atPath: try ConvertedModel.englishInQ4()))
        let folder = try TemporaryFolder()
        let path = try folder.write(whole.prefix(bytes), to: "cut.rgq")
        expect(try Command.rgEdge.run("prompt", "-m", path, "hello"), status: 1, says: [path])
    }

    @Test func flippedByteInHeaderTableOrMetadataIsReported() throws {
        let whole = try #require(FileManager.default.contents(atPath: try ConvertedModel.englishInQ4()))
        let folder = try TemporaryFolder()
        // Magic, version, sizes, checksum; a name and an offset in the table; metadata.
        for position in [0, 4, 8, 40, 120, 130, 240, 10_000] {
            var bytes = whole
            bytes[position] ^= 0x10
            let path = try folder.write(bytes, to: "flipped-\(position).rgq")
            expect(try Command.rgEdge.run("info", path), status: 1, says: [path])
        }
    }

    @Test func helpIsNoError() throws {
        for command in [[], ["prompt"], ["info"], ["tokenize"], ["logits"], ["perplexity"]] {
            let outcome = try Command.rgEdge.run(command + ["--help"])
            #expect(outcome.ending == .exit(0))
            #expect(outcome.text.contains("USAGE"))
            #expect(outcome.errors.isEmpty)
        }
    }
}
