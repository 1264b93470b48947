import Foundation
import JSON
import System
import TestSupport
import Testing

@testable import Checkpoint

/// Weights in several files with an index.
@Suite struct ShardTests {
    static let indexName = "model.safetensors.index.json"
    static let shards: [(name: String, tensors: [SafetensorsBuilder.Entry])] = [
        ("model-00001-of-00002.safetensors", [.init("z", [1, 2]), .init("b", [3])]),
        ("model-00002-of-00002.safetensors", [.init("a", [4])]),
    ]

    @Test func tensorsOfAllShardsAreFound() throws {
        let folder = try CheckpointBuilder.sharded(Self.shards).write()
        let checkpoint = try Checkpoint(folder: folder.path)
        #expect(checkpoint.tensors.map(\.name) == ["a", "b", "z"])
        #expect(try checkpoint.tensors.map { try checkpoint.values(of: $0) } == [[4], [3], [1, 2]])
        #expect(checkpoint.totalBytes == 16)
        try FileManager.default.removeItem(atPath: folder.file(Self.indexName))
        #expect(throws: FileProblem.self) { try checkpoint.checkUnchanged() }
    }

    @Test func oneFileGoesBeforeTheIndex() throws {
        var builder = CheckpointBuilder.sharded(Self.shards)
        builder.files["model.safetensors"] = SafetensorsBuilder([.init("only", [1])]).serialized
        let folder = try builder.write()
        #expect(try Checkpoint(folder: folder.path).tensors.map(\.name) == ["only"])
    }

    @Test func aMissingShardIsNamed() throws {
        var builder = CheckpointBuilder.sharded(Self.shards)
        builder.files[Self.shards[1].name] = .some(nil)
        try FolderTests.expect(
            builder, Self.shards[1].name, "is missing", advice: "model.safetensors.index.json names it: download it")
    }

    @Test func aShardThatIsAPointerIsNamed() throws {
        var builder = CheckpointBuilder.sharded(Self.shards)
        builder.files[Self.shards[0].name] = Array("version https://git-lfs.github.com/spec/v1\n".utf8)
        try FolderTests.expect(builder, Self.shards[0].name, "is only a Git LFS pointer", advice: "git lfs pull")
    }

    @Test func anIndexAndShardsThatDisagreeAreAnError() throws {
        let first = JSONValue.string(Self.shards[0].name)
        let second = JSONValue.string(Self.shards[1].name)
        let cases: [(JSONValue, String, String)] = [
            (
                ["z": first, "b": first, "a": second, "ghost": second], Self.indexName,
                "places tensor ghost in \(Self.shards[1].name), which doesn't hold it"
            ),
            (
                ["z": first, "a": second], Self.shards[0].name,
                "holds tensor b, which model.safetensors.index.json doesn't name"
            ),
            (
                ["z": first, "b": second, "a": second], Self.shards[0].name,
                "holds tensor b, which model.safetensors.index.json places in \(Self.shards[1].name)"
            ),
        ]
        for (map, file, problem) in cases {
            try FolderTests.expect(.sharded(Self.shards, weightMap: map), file, problem, advice: "from one revision")
        }
    }

    @Test func aTensorInTwoShardsIsAnError() throws {
        let map: JSONValue = ["a": "one", "b": "two"]
        try FolderTests.expect(
            .sharded([("one", [.init("a", [1])]), ("two", [.init("a", [2]), .init("b", [1])])], weightMap: map), "two",
            "holds tensor a, which model.safetensors.index.json places in one")
    }

    @Test(arguments: [
        "../model.safetensors", "/etc/passwd", "a/b", "", ".", "..", "../\u{301}evil", "x/",
        "./model-00001-of-00002.safetensors",
    ]) func aShardOutsideOfTheFolderIsAnError(_ shard: String) throws {
        try FolderTests.expect(
            .sharded(Self.shards, weightMap: ["a": .string(shard)]), Self.indexName,
            "which is not the name of a file in the folder")
    }

    @Test func namesOfShardsAreShownHarmlessly() throws {
        let builder = CheckpointBuilder.sharded(Self.shards, weightMap: ["a": "\u{1B}[2J/"])
        let folder = try builder.write()
        #expect(openingError(folder.path)?.description.utf8.contains(0x1B) == false)
    }

    @Test(arguments: [
        ("", "is not valid JSON"), ("[]", "has no \"weight_map\""), ("{}", "has no \"weight_map\""),
        (#"{"weight_map": {}}"#, "has no \"weight_map\""),
        (#"{"weight_map": []}"#, "has no \"weight_map\""), (#"{"weight_map": {"a": 1}}"#, "names no file for tensor a"),
        (#"{"weight_map": {"a": "x", "a": "y"}}"#, "is not valid JSON: duplicate"),
    ]) func anIndexThatIsNoneIsAnError(_ json: String, _ problem: String) throws {
        var builder = CheckpointBuilder.sharded(Self.shards)
        builder.files[Self.indexName] = Array(json.utf8)
        try FolderTests.expect(builder, Self.indexName, problem)
    }

    @Test func tooManyShardsAreAnError() throws {
        let map = JSONObject((0..<513).map { .init(key: "t\($0)", value: .string("shard\($0)")) })
        try FolderTests.expect(
            .sharded(Self.shards, weightMap: .object(map)), Self.indexName, "names 513 shards, more than 512")
    }
}
