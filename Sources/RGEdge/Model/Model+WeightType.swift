import ModelFile
import Tiles

extension Model {
    /// What most of its weights are stored as: `q8`, `q4` …
    package var weightTypeName: String {
        var counts: [WeightType: Int] = [:]
        for tensor in file.tensors { counts[tensor.type, default: 0] += tensor.weightCount }
        return counts.max { $0.value < $1.value }.map { "\($0.key.properties.name)" } ?? "f32"
    }
}
