@testable import Checkpoint

extension FuzzTarget {
    /// `model.safetensors.index.json`, in a folder of three shards.
    static let index = FuzzTarget(name: "index", largestInput: 1 << 14) {
        let whole = """
            {"metadata":{"total_size":28},"weight_map":{"a":"model-00001-of-00002.safetensors",\
            "b":"model-00001-of-00002.safetensors","c":"model-00002-of-00002.safetensors"}}
            """
        let one = #"{"weight_map":{"c":"model-00002-of-00002.safetensors"}}"#
        return [Array(whole.utf8), Array(one.utf8)]
    } run: { bytes in
        _ = shards
        ScratchFolder.write(bytes, to: "shards/" + WeightFiles.indexName)
        guard let weights = try? WeightFiles(folder: ScratchFolder.file("shards")) else { return false }
        promise(weights.files.count <= WeightFiles.shardLimit, "a folder has up to \(WeightFiles.shardLimit) shards")
        for (tensor, next) in zip(weights.tensors, weights.tensors.dropFirst()) {
            promise(tensor.name < next.name, "every tensor is there once, in the order of the names")
        }
        promise(weights.tensors.allSatisfy { weights.files.indices.contains($0.file) }, "each tensor lies in one of the files")
        return true
    }

    /// The shards that an index may name.
    private static let shards: Void = {
        _ = ScratchFolder.folder("shards")
        let headers = [
            #"{"a":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]},"b":{"dtype":"BF16","shape":[2],"data_offsets":[16,20]}}"#,
            #"{"c":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#,
        ]
        for (number, header) in headers.enumerated() {
            _ = SafetensorsInput(header: Array(header.utf8), dataBytes: number == 0 ? 20 : 8)
                .write(to: "shards/model-0000\(number + 1)-of-00002.safetensors")
        }
    }()
}
