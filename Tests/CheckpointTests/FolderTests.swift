import Foundation
import System
import TestSupport
import Testing

@testable import Checkpoint
@testable import JSON

/// What a folder must hold.
@Suite struct FolderTests {
    /// Writes a folder and checks the error that opening it gives.
    static func expect(
        _ builder: CheckpointBuilder, _ file: String, _ problem: String, advice: String = "",
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let folder = try builder.write()
        let error = openingError(folder.path)
        #expect(error?.path == folder.file(file), sourceLocation: sourceLocation)
        #expect(
            error?.problem.contains(problem) == true, "\(error?.description ?? "no error")", sourceLocation: sourceLocation)
        #expect(
            error.map { !$0.advice.isEmpty && (advice.isEmpty || $0.advice.contains(advice)) } == true,
            "\(error?.advice ?? "")", sourceLocation: sourceLocation)
        #expect(
            error.map { $0.description == "\($0.path): \($0.problem); \($0.advice)" } == true,
            sourceLocation: sourceLocation)
    }

    /// If memory is refused, downloading again doesn't help.
    @Test func refusedMemoryIsNoFaultOfTheFile() {
        let error = FileProblem(JSONError.noMemory, in: "config.json")
        #expect(error.problem.contains("no memory") && error.advice == "close other programs")
        let other = FileProblem(JSONError(line: 1, column: 2, message: "a comma"), in: "index", "has", advice: "wait")
        #expect(other.description == "index: has not valid JSON: a comma (line 1, column 2); wait")
    }

    @Test func aPlainFolderOpens() throws {
        let folder = try CheckpointBuilder().write()
        for path in [folder.path, folder.path + "/", folder.path + "//"] {
            let checkpoint = try Checkpoint(folder: path)
            #expect(checkpoint.folder == path)
            #expect(checkpoint.tensors.map(\.name) == ["a", "b"])
            #expect(checkpoint.weightFiles[0].path == folder.path + "/model.safetensors")
        }
    }

    @Test func linksAreFollowed() throws {
        let folder = try CheckpointBuilder().write()
        let cache = try TemporaryFolder()
        for name in try folder.contents() {
            try FileManager.default.createSymbolicLink(atPath: cache.file(name), withDestinationPath: folder.file(name))
        }
        #expect(try Checkpoint(folder: cache.path).tensors.count == 2)
    }

    // MARK: - Missing and foreign things

    @Test func aFolderThatIsNotThereIsAnError() throws {
        let folder = try TemporaryFolder()
        #expect(
            openingError(folder.file("none"))?.description.hasPrefix(
                "\(folder.file("none")): no such folder; give the folder") == true)
        #expect(openingError("")?.description.hasPrefix("\"\": no such folder") == true)
        #expect(openingError(try folder.write([1], to: "file"))?.problem == "is a file, not a folder")
        #expect(openingError(folder.file("file/x"))?.problem == "opening failed (Not a directory)")
        #expect(openingError("/dev/null")?.problem == "is a file, not a folder")
    }

    @Test(arguments: [
        ("config.json", "is missing", "give the folder of a Hugging Face model"),
        ("tokenizer.model", "is missing", "tokenizer.json is not enough"),
        ("model.safetensors", "is missing", "or its shards with model.safetensors.index.json"),
    ]) func aMissingFileIsNamed(_ name: String, _ problem: String, _ advice: String) throws {
        var builder = CheckpointBuilder()
        builder.files[name] = .some(nil)
        try Self.expect(builder, name, problem, advice: advice)
    }

    @Test(arguments: [
        "config.json", "tokenizer.model", "model.safetensors", "chat_template.jinja", "chat_template.json", "tokenizer_config.json",
    ])
    func aFolderInPlaceOfAFileIsAnError(_ name: String) throws {
        var builder = CheckpointBuilder()
        builder.files[name] = .some(nil)
        let folder = try builder.write()
        try FileManager.default.createDirectory(atPath: folder.file(name), withIntermediateDirectories: false)
        let error = openingError(folder.path)
        #expect(error?.path == folder.file(name) && error?.problem == "is a folder")
    }

    @Test func aPipeInPlaceOfAFileDoesNotBlock() throws {
        var builder = CheckpointBuilder()
        builder.files["tokenizer.model"] = .some(nil)
        let folder = try builder.write()
        #expect(mkfifo(folder.file("tokenizer.model"), 0o600) == 0)
        #expect(openingError(folder.path)?.problem == "is not a regular file")
    }

    @Test(.enabled(if: geteuid() != 0, "root may read everything")) func aFileThatMayNotBeReadIsAnError() throws {
        let folder = try CheckpointBuilder().write()
        #expect(chmod(folder.file("config.json"), 0) == 0)
        let error = openingError(folder.path)
        #expect(error?.problem == "opening failed (Permission denied)" && error?.advice.contains("permission") == true)
    }

    @Test(arguments: ["pytorch_model.bin", "pytorch_model.bin.index.json", "consolidated.safetensors"])
    func weightsOfAnotherKindAreNamed(_ name: String) throws {
        var builder = CheckpointBuilder()
        builder.files["model.safetensors"] = .some(nil)
        builder.files[name] = [1]
        try Self.expect(
            builder, "model.safetensors", "is missing",
            advice: "the folder has \(name): only weights in Hugging Face's safetensors layout")
    }

    @Test func aTokenizerThatIsEmptyIsAnError() throws {
        var builder = CheckpointBuilder()
        builder.files["tokenizer.model"] = []
        try Self.expect(builder, "tokenizer.model", "is empty", advice: "download tokenizer.model")
    }

    @Test(arguments: [
        "config.json", "tokenizer.model", "chat_template.jinja", "chat_template.json", "tokenizer_config.json",
        "model.safetensors.index.json",
    ])
    func aPointerInPlaceOfAFileIsAnError(_ name: String) throws {
        var builder = CheckpointBuilder()
        if name.hasSuffix("index.json") { builder.files["model.safetensors"] = .some(nil) }
        builder.files[name] = Array("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 4241003\n".utf8)
        try Self.expect(builder, name, "is only a Git LFS pointer", advice: "git lfs pull")
    }

    @Test(arguments: [
        ("config.json", 1 << 20), ("tokenizer.model", 32 << 20), ("chat_template.jinja", 16 << 20),
        ("model.safetensors.index.json", 64 << 20),
    ])
    func aFileFarTooLargeIsNotRead(_ name: String, _ limit: Int) throws {
        var builder = CheckpointBuilder()
        if name.hasSuffix("index.json") { builder.files["model.safetensors"] = .some(nil) }
        builder.files[name] = [1]
        let folder = try builder.write()
        #expect(truncate(folder.file(name), off_t(limit + 1)) == 0)
        let error = openingError(folder.path)
        #expect(error?.path == folder.file(name))
        #expect(error?.problem == "has \(limit + 1) bytes, more than the \(limit) that such a file may have")
    }

    // MARK: - Chat template

    static func template(_ builder: CheckpointBuilder) throws -> String? {
        let folder = try builder.write()
        return try Checkpoint(folder: folder.path).chatTemplate
    }

    @Test func theTemplateFileGoesBeforeTheConfiguration() throws {
        var builder = CheckpointBuilder()
        #expect(try Self.template(builder) == nil)
        builder.files["tokenizer_config.json"] = Array(#"{"chat_template": "from json"}"#.utf8)
        #expect(try Self.template(builder) == "from json")
        builder.files["chat_template.json"] = Array("{}".utf8)
        #expect(try Self.template(builder) == "from json")
        builder.files["chat_template.json"] = Array(#"{"chat_template": "from a file of its own"}"#.utf8)
        #expect(try Self.template(builder) == "from a file of its own")
        builder.files["chat_template.jinja"] = Array("from file ü".utf8)
        #expect(try Self.template(builder) == "from file ü")
    }

    @Test(
        arguments: [
            (#"{}"#, nil), (#"{"chat_template": null}"#, nil), (#"{"chat_template": []}"#, nil),
            (#"{"chat_template": [1, {"name": "rag"}]}"#, nil),
            (#"{"chat_template": [{"name": "rag", "template": "r"}, {"name": "default", "template": "d"}]}"#, "d"),
            (#"{"chat_template": "t", "model_max_length": 1000000000000000019884624838656}"#, "t"),
        ] as [(String, String?)]) func theTemplateIsFoundInTheConfiguration(_ json: String, _ template: String?) throws
    {
        var builder = CheckpointBuilder()
        builder.files["tokenizer_config.json"] = Array(json.utf8)
        #expect(try Self.template(builder) == template)
    }

    @Test func aTemplateThatIsNoTextIsAnError() throws {
        var builder = CheckpointBuilder()
        for (json, problem) in [
            ("{", "is not valid JSON"), ("[]", "is not a JSON object"),
            (#"{"chat_template": 1}"#, "neither text nor a list"),
        ] {
            builder.files["tokenizer_config.json"] = Array(json.utf8)
            try Self.expect(builder, "tokenizer_config.json", problem)
        }
        builder.files["chat_template.jinja"] = [0x61, 0xFF]
        try Self.expect(builder, "chat_template.jinja", "is not UTF-8 text")
    }
}
