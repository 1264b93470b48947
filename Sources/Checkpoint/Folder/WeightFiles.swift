import Glibc
import JSON
import System

/// The safetensors files of a folder: one, or shards with an index that says which tensor lies in which.
struct WeightFiles {
    static let singleName = "model.safetensors"
    static let indexName = "model.safetensors.index.json"
    /// Largest index accepted; that of the 9B model has 60 KB.
    static let indexByteLimit = 64 << 20
    /// Most shards accepted; each keeps a file open.
    static let shardLimit = 512

    /// The weight files, open, then the index if there is one.
    let files: [SourceFile]
    let index: SourceFile?
    /// Every tensor once, sorted by name.
    let tensors: [CheckpointTensor]

    /// Opens the weights of `folder`. As in transformers, ``singleName`` goes before the index where both are there.
    init(folder: String) throws(FileProblem) {
        if access(folder + "/" + Self.singleName, F_OK) == 0 || access(folder + "/" + Self.indexName, F_OK) != 0 {
            let file = try SourceFile(path: folder + "/" + Self.singleName, ifMissing: Self.adviceWithoutWeights(in: folder))
            files = [file]
            index = nil
            tensors = try SafetensorsHeader.tensors(of: file, number: 0).sorted { $0.name < $1.name }
        } else {
            let index = try SourceFile(path: folder + "/" + Self.indexName, ifMissing: FileProblem.downloadAgain)
            let shardOfTensor = try Self.weightMap(index)
            let names = Set(shardOfTensor.values).sorted()
            guard names.count <= Self.shardLimit else {
                throw Self.fault(index, "names \(names.count) shards, more than \(Self.shardLimit)")
            }
            var files: [SourceFile] = []
            var tensors: [String: CheckpointTensor] = [:]
            for (number, name) in names.enumerated() {
                let advice = "\(Self.indexName) names it: download it into the folder"
                let file = try SourceFile(path: folder + "/" + name, ifMissing: advice)
                for tensor in try SafetensorsHeader.tensors(of: file, number: number) {
                    try Self.check(tensor, of: file, named: name, against: shardOfTensor)
                    tensors[tensor.name] = tensor
                }
                files.append(file)
            }
            for (name, shard) in shardOfTensor.sorted(by: { $0.key < $1.key }) where tensors[name] == nil {
                throw Self.fault(index, "places tensor \(printable(name)) in \(printable(shard)), which doesn't hold it")
            }
            self.files = files
            self.index = index
            self.tensors = tensors.values.sorted { $0.name < $1.name }
        }
    }

    /// `weight_map` of the index: file names by tensor names.
    private static func weightMap(_ index: SourceFile) throws(FileProblem) -> [String: String] {
        let text = try index.contents(limit: indexByteLimit)
        let value = try JSONValue(parsing: text, of: index.path, advice: indexAdvice)
        guard let members = value["weight_map"]?.objectValue?.members, !members.isEmpty else {
            throw fault(index, "has no \"weight_map\"")
        }
        var map: [String: String] = [:]
        for member in members {
            guard let shard = member.value.stringValue else {
                throw fault(index, "names no file for tensor \(printable(member.key))")
            }
            // Hugging Face's names are plain; one with a path in it would read outside the folder.
            guard !shard.isEmpty, !shard.utf8.contains(UInt8(ascii: "/")), shard != "..", shard != "." else {
                throw fault(
                    index,
                    "places tensor \(printable(member.key)) in \"\(printable(shard))\", "
                        + "which is not the name of a file in the folder")
            }
            map[member.key] = shard
        }
        return map
    }

    /// Throws unless the index places a tensor in the shard that holds it.
    private static func check(
        _ tensor: CheckpointTensor, of file: SourceFile, named name: String, against map: [String: String]
    ) throws(FileProblem) {
        guard let place = map[tensor.name] else {
            throw fault(file, "holds tensor \(printable(tensor.name)), which \(indexName) doesn't name")
        }
        guard place == name else {
            throw fault(file, "holds tensor \(printable(tensor.name)), which \(indexName) places in \(printable(place))")
        }
    }

    private static let indexAdvice = "download the weights and their index again, from one revision"

    private static func fault(_ file: SourceFile, _ problem: String) -> FileProblem {
        FileProblem(.content, path: file.path, problem: problem, advice: indexAdvice)
    }

    /// What to do where a folder has neither ``singleName`` nor an index.
    private static func adviceWithoutWeights(in folder: String) -> String {
        let others = ["pytorch_model.bin", "pytorch_model.bin.index.json", "consolidated.safetensors"]
        guard let other = others.first(where: { access(folder + "/" + $0, F_OK) == 0 }) else {
            return "download \(singleName), or its shards with \(indexName), into the folder"
        }
        return "the folder has \(other): only weights in Hugging Face's safetensors layout can be read, so download those"
    }
}
