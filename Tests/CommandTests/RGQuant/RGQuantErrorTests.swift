import Foundation
import TestSupport
import Testing

/// What goes wrong is one line on standard error, and leaves no file.
@Suite struct RGQuantErrorTests {
    private let folder: TemporaryFolder
    private let target: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        target = try TemporaryFolder()
    }

    /// Runs a command that must fail with status 1 and one line, and leave nothing in the target's folder; returns the line's text.
    private func failure(_ arguments: String...) throws -> String {
        let before = try target.contents()
        let outcome = try Command.rgQuant.run(arguments)
        #expect(outcome.ending == .exit(1))
        #expect(outcome.output == [])
        #expect(try target.contents() == before)
        return try line(outcome)
    }

    /// The one line of errors after `rg-quant: `.
    private func line(_ outcome: Command.Outcome) throws -> String {
        #expect(outcome.errors.hasPrefix("rg-quant: ") && outcome.errors.hasSuffix("\n"))
        #expect(outcome.errors.filter { $0 == "\n" }.count == 1, "\(outcome.errors)")
        return String(outcome.errors.dropFirst("rg-quant: ".count).dropLast())
    }

    /// The failure of converting a checkpoint that `change` has spoilt, its folder's path replaced by `SRC`.
    private func failure(_ options: String..., change: (inout EditableCheckpoint) throws -> Void) throws -> String {
        var checkpoint = try EditableCheckpoint.small()
        try change(&checkpoint)
        let source = try checkpoint.write()
        return try withExtendedLifetime(source) {
            let before = try target.contents()
            let outcome = try Command.rgQuant.run(["convert", source.path, "-q", "-o", target.file("model.rgq")] + options)
            #expect(outcome.ending == .exit(1))
            #expect(try target.contents() == before)
            return try line(outcome).replacingOccurrences(of: source.path, with: "SRC")
        }
    }

    // MARK: - Checkpoints

    @Test func aMissingFolder() throws {
        #expect(
            try failure("convert", folder.file("none"), "-o", target.file("model.rgq")) == """
                \(folder.file("none")): no such folder; \
                give the folder of a Hugging Face model, with config.json, tokenizer.model and model.safetensors, and of \
                an -it model tokenizer_config.json or chat_template.jinja
                """)
    }

    @Test func aFileInThePlaceOfAFolder() throws {
        let file = try folder.write([1], to: "file")
        #expect(try failure("convert", file, "-o", target.file("model.rgq")).hasPrefix("\(file): is a file, not a folder; "))
    }

    @Test func aNameWithLineBreaksStaysOneLine() throws {
        #expect(
            try failure("convert", folder.file("no\nne\u{1B}[1m"), "-o", target.file("model.rgq")).contains("no\\nne\\u{1B}[1m"))
    }

    @Test func anUnknownArchitecture() throws {
        #expect(
            try failure { $0.configuration["architectures"] = ["GemmaForCausalLM"] } == """
                SRC/config.json: architectures is ["GemmaForCausalLM"], without RecurrentGemmaForCausalLM; \
                only RecurrentGemma models can be converted, such as google/recurrentgemma-2b-it
                """)
    }

    @Test func aMissingTensor() throws {
        #expect(
            try failure { $0["model.final_norm.weight"] = nil } == """
                SRC: has no tensor model.final_norm.weight; download all weight files of the model, and config.json with them
                """)
    }

    @Test func anExtraTensor() throws {
        #expect(
            try failure { checkpoint in
                let name = "model.layers.3.temporal_pre_norm.weight"
                checkpoint[name] = .init(name: name, shape: [128], floats: [Float](repeating: 1, count: 128))
            } == """
                SRC: has tensor model.layers.3.temporal_pre_norm.weight, but config.json doesn't ask for it; \
                take config.json and the weights from the same download
                """)
    }

    @Test func aMisshapenTensor() throws {
        #expect(
            try failure { $0["model.final_norm.weight"]?.shape = [64, 2] } == """
                SRC/model.safetensors: tensor model.final_norm.weight has shape [64, 2], but config.json asks for [128]; \
                take config.json and the weights from the same download
                """)
    }

    @Test func anUnknownElementType() throws {
        #expect(
            try failure { checkpoint in
                checkpoint["model.final_norm.weight"]?.type = "F8_E4M3"
                checkpoint["model.final_norm.weight"]?.data = [UInt8](repeating: 0, count: 128)
            } == """
                SRC/model.safetensors: tensor model.final_norm.weight is stored as F8_E4M3, which is not supported; \
                use a checkpoint in BF16, F16 or F32, as the published ones are
                """)
    }

    @Test func aWeightThatIsNotANumber() throws {
        #expect(
            try failure { $0["model.layers.1.temporal_block.linear_out.weight"]?.floats[130] = .nan } == """
                SRC/model.safetensors: tensor model.layers.1.temporal_block.linear_out.weight has a NaN at [1, 2]; \
                download the file again, or take a checkpoint whose weights are all finite
                """)
    }

    @Test func aWeightTooLargeForItsType() throws {
        #expect(
            try failure("--type", "f16") { $0["model.layers.1.temporal_block.linear_out.weight"]?.floats[130] = 1e6 } == """
                SRC/model.safetensors: tensor model.layers.1.temporal_block.linear_out.weight has a weight of 1000000.0, too large \
                for f16; keep it in f32 with --tensor-type 'model.layers.1.temporal_block.linear_out.weight=f32'
                """)
    }

    @Test func aHeadThatIsNotTheEmbedding() throws {
        let line = try failure { checkpoint in
            var head = try #require(checkpoint["model.embed_tokens.weight"])
            head.name = "lm_head.weight"
            head.floats[5] += 1
            checkpoint["lm_head.weight"] = head
        }
        #expect(line.hasPrefix("SRC/model.safetensors: tensor lm_head.weight differs from model.embed_tokens.weight, "))
    }

    @Test func aVocabularyThatDisagrees() throws {
        let other = try EditableCheckpoint(folder: Fixtures.tinyEnglish)
        let line = try failure { $0.files["tokenizer.model"] = other.files["tokenizer.model"] }
        #expect(line.contains(" pieces, but the vocab_size of config.json is 512; "))
    }

    @Test func noTokenizer() throws {
        #expect(
            try failure { $0.files["tokenizer.model"] = nil } == """
                SRC/tokenizer.model: is missing; download tokenizer.model, the SentencePiece file of the same model \
                (tokenizer.json is not enough), into the folder
                """)
    }

    @Test func aHeaderOfTwoToTheSixtiethBytes() throws {
        let source = try EditableCheckpoint.small().write()
        let file = try #require(FileHandle(forUpdatingAtPath: source.file("model.safetensors")))
        try file.write(contentsOf: [0, 0, 0, 0, 0, 0, 0, 0x10])
        try file.close()
        #expect(
            try failure("convert", source.path, "-o", target.file("model.rgq")) == """
                \(source.file("model.safetensors")): has a header of 1152921504606846976 bytes, more than the 100000000 that a \
                safetensors file may have; download the file again
                """)
        withExtendedLifetime(source) {}
    }

    @Test func aPatternThatMatchesNothing() throws {
        let line = try failure("--tensor-type", "*.k_projection.*=q8") { _ in }
        #expect(line.hasPrefix("--tensor-type *.k_projection.*=q8: matches no tensor of this model; matrices have names such as "))
    }

    // MARK: - Targets

    @Test func aTargetInAMissingFolder() throws {
        #expect(
            try failure("convert", Fixtures.oracle("alpha"), "-q", "-o", target.file("none/model.rgq")) == """
                \(target.file("none/model.rgq")): its folder \(target.file("none")) doesn't exist; make the folder first
                """)
    }

    @Test func aTargetThatIsAFolder() throws {
        #expect(
            try failure("convert", Fixtures.oracle("alpha"), "-q", "-o", target.path)
                == "\(target.path): is a folder; give the name of a file in it")
    }

    @Test func aTargetThatIsTheSource() throws {
        let source = try EditableCheckpoint.small().write()
        let before = try source.contents()
        let path = source.file("model.safetensors")
        #expect(
            try failure("convert", source.path, "-q", "-o", path)
                == "\(path): is one of the files that are read; give another name for the output")
        #expect(try source.contents() == before)
    }

    @Test(.enabled(if: SmallDisk.isAvailable, "needs to mount file systems: run as root"))
    func aFullDisk() throws {
        let disk = try SmallDisk(byteCount: 500_000)
        let line = try failure("convert", Fixtures.oracle("alpha"), "-q", "-o", disk.file("model.rgq"), "--type", "q4-small")
        #expect(line.hasPrefix("\(disk.file("model.rgq")): needs 1523712 bytes, but its disk has only "))
        #expect(try FileManager.default.contentsOfDirectory(atPath: disk.path) == [])
    }

    @Test(.enabled(if: SmallDisk.isAvailable, "needs to mount file systems: run as root"))
    func aReadOnlyFolder() throws {
        let disk = try SmallDisk(byteCount: 5_000_000)
        try disk.makeReadOnly()
        let line = try failure("convert", Fixtures.oracle("alpha"), "-q", "-o", disk.file("model.rgq"))
        #expect(line.hasSuffix("(Read-only file system); the file system is read-only: take another folder"))
    }

    /// Runs `rg-quant convert` as `failure` does, in a shell that has been given a limit.
    private func failure(underLimit limit: String, source: String) throws -> String {
        let script = "ulimit \(limit) && exec \"$0\" convert \"$1\" -q -t 1 -o \"$2\""
        let outcome = try Command(path: "/bin/sh").run("-c", script, Command.rgQuant.path, source, target.file("model.rgq"))
        #expect(outcome.ending == .exit(1))
        #expect(outcome.output == [])
        #expect(try target.contents() == [])
        return try line(outcome)
    }

    @Test func aFileLargerThanTheLimit() throws {
        let line = try failure(underLimit: "-f 100", source: Fixtures.oracle("alpha"))
        #expect(
            line == """
                \(target.file("model.rgq")): writing failed (File too large); \
                the file system, or "ulimit -f", allows no file so large: take another disk or raise the limit
                """)
    }

    @Test func moreFilesThanTheLimit() throws {
        let source = Fixtures.oracle("alpha")
        let line = try failure(underLimit: "-n 4", source: source)
        #expect(line.hasPrefix(source + "/"))
        #expect(
            line.hasSuffix(": opening failed (Too many open files); too many files are open: close some, or raise \"ulimit -n\""))
    }

    @Test func aTargetWhereNoFileCanBeMade() throws {
        #expect(
            try failure("convert", Fixtures.oracle("alpha"), "-q", "-o", "/proc/model.rgq")
                == "/proc/model.rgq: no file can be made in /proc; take a folder on a disk")
    }

    @Test func aSummaryThatCantBeWritten() throws {
        let path = folder.file("model.rgq")
        let outcome = try Command.rgQuant.start(["convert", Fixtures.oracle("alpha"), "-q", "-o", path], output: "/dev/full").wait()
        #expect(outcome.ending == .exit(1))
        #expect(
            try line(outcome) == """
                \(path): is written and whole, but its summary is lost: \
                standard output: write failed (No space left on device); check where it leads to
                """)
        #expect(try Command.rgQuant.run("verify", "-q", path).ending == .exit(0))
    }

    @Test func aResultThatCantBeWritten() throws {
        let verified = try Command.rgQuant.run("convert", Fixtures.oracle("alpha"), "-q", "-o", folder.file("model.rgq"))
        #expect(verified.ending == .exit(0))
        let failed = try Command.rgQuant.start(["verify", "-q", folder.file("model.rgq")], output: "/dev/full").wait()
        #expect(failed.ending == .exit(1))
        #expect(try line(failed) == "standard output: write failed (No space left on device); check where it leads to")
    }

    // MARK: - Usage

    @Test(arguments: [
        (["convert"], "Missing expected argument '<source>'; see rg-quant convert --help"),
        (["convert", "x"], "Missing expected argument '--output <output>'; see rg-quant convert --help"),
        (
            ["convert", "x", "-o", "y", "--type", "q5"],
            """
            The value 'q5' is invalid for '--type <type>'. Please provide one of the following: - q4-small - q4 \
            - q4-large - q8 - f16 - f32; \
            see rg-quant convert --help
            """
        ),
        (["convert", "x", "-o", "y", "--threads", "0"], "--threads must be 1 to 1024, not 0; see rg-quant convert --help"),
        (
            ["convert", "x", "-o", "y", "--threads", "two"],
            "The value 'two' is invalid for '--threads <threads>'; see rg-quant convert --help"
        ),
        (["convert", "x", "-o", "y", "--bogus"], "Unknown option '--bogus'; see rg-quant convert --help"),
        (
            ["convert", "x", "-o", "-"],
            "--output takes the name of a file, not -; write ./- for a file of that name; see rg-quant convert --help"
        ),
        (
            ["calibrate", "x", "y", "-o", "-"],
            "--output takes the name of a file, not -; write ./- for a file of that name; see rg-quant calibrate --help"
        ),
        (
            ["compare", "x", "y", "--html", "-"],
            "--html takes the name of a file, not -; write ./- for a file of that name; see rg-quant compare --help"
        ),
        (
            ["export", "x", "-"],
            "<folder> takes the name of a folder, not -; write ./- for a folder of that name; see rg-quant export --help"
        ),
        (["verify"], "Missing expected argument '<file>'; see rg-quant verify --help"),
        (["bogus"], "There is no command 'bogus'; use convert, calibrate, verify, inspect, compare, export; see rg-quant --help"),
    ])
    func argumentsThatCantBeUnderstood(arguments: [String], expected: String) throws {
        let outcome = try Command.rgQuant.run(arguments)
        #expect(outcome.ending == .exit(64))
        #expect(outcome.output == [])
        #expect(try line(outcome) == expected)
    }

    @Test(arguments: ["q8", "=q8", "a=", "a=q5"])
    func aRuleThatIsNone(rule: String) throws {
        let outcome = try Command.rgQuant.run("convert", "x", "-o", "y", "--tensor-type", rule)
        #expect(outcome.ending == .exit(64))
        let line = try line(outcome)
        #expect(line.contains("write PATTERN=TYPE, such as '*.rg_lru.*=q8', with f32, f16, q8, q4 for the type"))
        #expect(line.hasSuffix("; see rg-quant convert --help"))
    }

    @Test func helpAndVersionAreNoErrors() throws {
        for arguments in [["--help"], ["help"], ["convert", "--help"], ["verify", "--help"], ["inspect", "-h"], ["--version"]] {
            let outcome = try Command.rgQuant.run(arguments)
            #expect(outcome.ending == .exit(0))
            #expect(outcome.errors == "")
            #expect(!outcome.output.isEmpty)
        }
        let help = try Command.rgQuant.run("convert", "--help").text
        let options = ["--type", "--tensor-type", "--chat-template", "--threads", "--quiet"]
        let example = "rg-quant convert recurrentgemma-2b-it -o 2b-it.rgq"
        for word in options + [example] { #expect(help.contains(word)) }
        #expect(try Command.rgQuant.run("--version").text.split(separator: ".").count == 3)
    }
}
