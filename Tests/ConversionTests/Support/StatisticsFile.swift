import Checkpoint
import Files
import Foundation
import TestSupport

/// A file of statistics in memory, to be changed.
struct StatisticsFile {
    struct Tensor {
        var name: String
        var dimensions: [Int]
        var floats: [Float]
        var type = ElementType.f32
    }

    var tensors: [Tensor]

    init(reading path: String) throws {
        let file = try SafetensorsFile(path: path, ifMissing: "")
        tensors = try file.tensors.map {
            Tensor(name: $0.name, dimensions: $0.dimensions, floats: try file.floats(of: $0, 0..<$0.count))
        }
    }

    /// Changes the tensor called `name`.
    mutating func change(_ name: String, _ body: (inout Tensor) -> Void) {
        for index in tensors.indices where tensors[index].name == name { body(&tensors[index]) }
    }

    func write(to path: String) throws {
        let writer = try SafetensorsWriter(
            target: path, replacing: FileKind("any file") { _ in true },
            tensors: tensors.map { .init(name: $0.name, type: $0.type, dimensions: $0.dimensions) }, metadata: [])
        for tensor in tensors {
            try tensor.floats.withUnsafeBytes { bytes in
                try writer.append(UnsafeRawBufferPointer(rebasing: bytes[..<(tensor.floats.count * tensor.type.bytes)]))
            }
        }
        try writer.finish()
    }
}

extension TemporaryFolder {
    /// The bytes of a file in it.
    func contents(of name: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: file(name))) }
}
