import Foundation
import TestSupport
import Testing

@Suite struct RGEdgeLogitsTests {
    private func tokenList(_ length: Int) throws -> String {
        try Fixtures.oracleArray("alpha", "tokens_\(length)").integers.map(String.init).joined(separator: ",")
    }

    /// The largest absolute difference over the largest absolute logit of the reference.
    private func difference(_ floats: some Collection<Float>, _ reference: some Collection<Float>) -> Float {
        let scale = reference.map(\.magnitude).max() ?? 0
        return (zip(floats, reference).map { ($0 - $1).magnitude }.max() ?? .infinity) / scale
    }

    @Test(arguments: Fixtures.oraclePromptLengths) func rowsAreTheReferences(length: Int) throws {
        let folder = try TemporaryFolder()
        let path = folder.file("logits.npy")
        let arguments = ["logits", "-m", try ConvertedModel.noise(), "--tokens", try tokenList(length), "-o"]
        let reference = try Fixtures.oracleArray("alpha", "logits_\(length)")
        let outcome = try Command.rgEdge.run(arguments + [path])
        #expect(outcome.ending == .exit(0))
        #expect(outcome.output.isEmpty && outcome.errors.isEmpty)
        let logits = try NumpyArray(path: path)
        #expect(logits.shape == [length, 512])
        #expect(difference(logits.floats, reference.floats) < 1e-4)

        let lastPath = folder.file("last.npy")
        _ = try Command.rgEdge.run(arguments + [lastPath, "--last"])
        let last = try NumpyArray(path: lastPath)
        #expect(last.shape == [1, 512])
        #expect(difference(last.floats, reference.floats.suffix(512)) < 1e-4)
    }

    @Test func tokensComeFromFilesAndStandardInputToo() throws {
        let folder = try TemporaryFolder()
        let model = try ConvertedModel.noise()
        let text = Array("2, 5\n9\t7\n".utf8)
        let list = try folder.write(text, to: "list")
        for (name, argument) in [("argument", "2,5,9,7"), ("file", "@" + list), ("input", "-")] {
            let outcome = try Command.rgEdge.run("logits", "-m", model, "--tokens", argument, "-o", folder.file(name), input: text)
            #expect(outcome.ending == .exit(0))
        }
        let expected = try NumpyArray(path: folder.file("argument"))
        #expect(expected.shape == [4, 512])
        #expect(try NumpyArray(path: folder.file("file")).floats == expected.floats)
        #expect(try NumpyArray(path: folder.file("input")).floats == expected.floats)
    }

    @Test(arguments: [
        ("2,512,9", Int32(1), "512 (number 2"), ("2,4294967295", 1, "4294967295"),
        ("2,4294967296", 64, "'4294967296' is not a token id"), ("2,-5", 64, "'-5'"), ("2,five", 64, "'five'"), ("", 64, "empty"),
        (",", 64, "empty"), ("@/nowhere/list", 1, "/nowhere/list"), ("-", 1, "standard input"),
    ])
    func badTokenListLeavesNoFile(list: String, status: Int32, part: String) throws {
        let folder = try TemporaryFolder()
        let outcome = try Command.rgEdge.run(
            "logits", "-m", try ConvertedModel.noise(), "--tokens", list, "-o", folder.file("logits.npy"), input: Array("2 x".utf8))
        #expect(outcome.ending == .exit(status))
        #expect(outcome.errors.contains(part))
        #expect(outcome.errors.count { $0 == "\n" } == 1)
        // `input` and `errors` are not in this folder.
        #expect(try folder.contents().isEmpty)
    }

    @Test func onlyArraysAreReplaced() throws {
        let folder = try TemporaryFolder()
        let model = try folder.write(Data(contentsOf: URL(fileURLWithPath: ConvertedModel.noise())), to: "model.rgq")
        let list = try folder.write(Array("2,5".utf8), to: "list"), array = folder.file("logits.npy")
        for path in [model, list] {
            let before = FileManager.default.contents(atPath: path)
            let outcome = try Command.rgEdge.run("logits", "-m", model, "--tokens", "@" + list, "-o", path)
            #expect(outcome.ending == .exit(1))
            #expect(
                outcome.errors
                    == "rg-edge: \(path): is not a NumPy array, and so is not replaced; give another name, or remove it first\n")
            #expect(FileManager.default.contents(atPath: path) == before)
        }
        for tokens in ["2", "2,5,9"] {
            let outcome = try Command.rgEdge.run("logits", "-m", model, "--tokens", tokens, "-o", array)
            #expect(outcome.ending == .exit(0))
        }
        #expect(try NumpyArray(path: array).shape[0] == 3)
    }

    @Test(arguments: ["nowhere/logits.npy", "", "/dev/full", "/"]) func badTargetIsReported(target: String) throws {
        let folder = try TemporaryFolder()
        let path = target.hasPrefix("n") ? folder.file(target) : target
        let outcome = try Command.rgEdge.run("logits", "-m", try ConvertedModel.noise(), "--tokens", "2", "-o", path)
        #expect(outcome.ending == .exit(1))
        #expect(outcome.errors.hasPrefix("rg-edge: " + path) && outcome.errors.count { $0 == "\n" } == 1)
    }

    @Test(arguments: [[], ["--last"]]) func controlCStopsBetweenTwoPasses(options: [String]) throws {
        let folder = try TemporaryFolder()
        let list = try folder.write(Array(String(repeating: "5,9,", count: 40_000).utf8), to: "list")
        let running = try Command.rgEdge.start(
            [
                "logits", "-m", try ConvertedModel.noise(), "-t", "1", "--kernels", "scalar", "--tokens", "@" + list,
                "-o", folder.file("logits.npy"),
            ] + options)
        #expect(running.waitUntilItCatches(SIGINT))
        running.send(SIGINT)
        let outcome = running.wait()
        #expect(outcome.ending == .exit(130))
        #expect(outcome.errors == "rg-edge: interrupted; \(folder.file("logits.npy")) was not written\n")
        #expect(try folder.contents() == ["list"])
    }
}
