import Foundation
import JSON
import System
import TestSupport

@testable import Checkpoint

/// A safetensors file that tests put together, right or wrong.
struct SafetensorsBuilder {
    struct Entry {
        var name: String
        var type = "F32"
        var shape: JSONValue
        /// `data_offsets`; if nil, it starts where the data of the entries before it ends.
        var offsets: JSONValue?
        var data: [UInt8]

        init(_ name: String, type: String = "F32", shape: JSONValue, offsets: JSONValue? = nil, data: [UInt8]) {
            self.name = name
            self.type = type
            self.shape = shape
            self.offsets = offsets
            self.data = data
        }

        /// An f32 tensor of one dimension.
        init(_ name: String, _ values: [Float]) {
            self.init(name, shape: [.integer(Int64(values.count))], data: bytes(values))
        }

        /// A tensor of one dimension, made of halves.
        init(_ name: String, type: String, halves: [UInt16]) {
            self.init(name, type: type, shape: [.integer(Int64(halves.count))], data: bytes(halves))
        }
    }

    var entries: [Entry] = []
    /// Bytes after the tensors.
    var trailer: [UInt8] = []

    init(_ entries: [Entry]) { self.entries = entries }

    var header: JSONValue {
        var members: [JSONObject.Member] = [.init(key: "__metadata__", value: ["format": "pt"])]
        var offset: Int64 = 0
        for entry in entries {
            let end = offset + Int64(entry.data.count)
            let offsets = entry.offsets ?? [.integer(offset), .integer(end)]
            offset = end
            members.append(
                .init(
                    key: entry.name, value: ["dtype": .string(entry.type), "shape": entry.shape, "data_offsets": offsets]))
        }
        return .object(JSONObject(members))
    }

    var serialized: [UInt8] { Self.file(header: header.serialized()) + entries.flatMap(\.data) + trailer }

    /// A header text with its length before it.
    static func file(header: [UInt8]) -> [UInt8] { bytes([UInt64(header.count)]) + header }
}

/// The bytes of numbers, little-endian like every machine that this runs on.
func bytes<Number>(_ numbers: [Number]) -> [UInt8] { numbers.withUnsafeBytes(Array.init) }

/// A checkpoint folder that tests put together: right as it is, wrong as they change it.
struct CheckpointBuilder {
    var configuration: JSONObject = CheckpointBuilder.plainConfiguration
    /// Files by name; `config.json` is added, nil leaves one out.
    var files: [String: [UInt8]?] = [
        "tokenizer.model": [1, 2, 3],
        "model.safetensors": SafetensorsBuilder([.init("a", [1, 2]), .init("b", [3])]).serialized,
    ]

    /// The keys that have no default.
    static let plainConfiguration = JSONObject([
        .init(key: "architectures", value: ["RecurrentGemmaForCausalLM"]),
        .init(key: "model_type", value: "recurrent_gemma"),
        .init(key: "vocab_size", value: 512), .init(key: "hidden_size", value: 128),
        .init(key: "num_hidden_layers", value: 8),
        .init(key: "num_attention_heads", value: 2), .init(key: "num_key_value_heads", value: 1),
        .init(key: "intermediate_size", value: 768),
        .init(key: "attention_window_size", value: 16),
    ])

    /// Writes the folder.
    func write() throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        var files = files
        if files["config.json"] == nil { files["config.json"] = JSONValue.object(configuration).serialized(indented: true) }
        for (name, bytes) in files { if let bytes { try folder.write(bytes, to: name) } }
        return folder
    }

    /// Shards and an index that places tensors in them.
    static func sharded(_ shards: [(name: String, tensors: [SafetensorsBuilder.Entry])], weightMap: JSONValue? = nil)
        -> CheckpointBuilder
    {
        var builder = CheckpointBuilder()
        builder.files["model.safetensors"] = .some(nil)
        var map = JSONObject()
        for shard in shards {
            builder.files[shard.name] = SafetensorsBuilder(shard.tensors).serialized
            for tensor in shard.tensors { map[tensor.name] = .string(shard.name) }
        }
        let index: JSONValue = ["metadata": ["total_size": 12], "weight_map": weightMap ?? .object(map)]
        builder.files["model.safetensors.index.json"] = index.serialized()
        return builder
    }
}

/// The error that opening a folder gives; nil if it opens.
func openingError(_ folder: String) -> FileProblem? {
    do throws(FileProblem) {
        _ = try Checkpoint(folder: folder)
        return nil
    } catch {
        return error
    }
}

extension Checkpoint {
    /// Numbers of a tensor.
    func values(of tensor: CheckpointTensor, _ elements: Range<Int>? = nil) throws(FileProblem) -> [Float] {
        let elements = elements ?? 0..<tensor.count
        let room = UnsafeMutableBufferPointer<Float>.allocate(capacity: max(1, elements.count))
        defer { room.deallocate() }
        guard let start = room.baseAddress else { return [] }
        try read(tensor, elements: elements, into: start)
        return Array(room.prefix(elements.count))
    }
}
