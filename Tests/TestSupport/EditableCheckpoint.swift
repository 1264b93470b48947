import Foundation
import JSON

/// A checkpoint folder that tests change before they write it: right as it is read, wrong as they make it.
public struct EditableCheckpoint {
    /// A tensor with its bytes.
    public struct Tensor {
        public var name: String
        /// As in a safetensors header: `F32`, `F16`, `BF16`.
        public var type: String
        public var shape: [Int]
        public var data: [UInt8]

        public init(name: String, type: String = "F32", shape: [Int], data: [UInt8]) {
            self.name = name
            self.type = type
            self.shape = shape
            self.data = data
        }

        /// A tensor of f32.
        public init(name: String, shape: [Int], floats: [Float]) {
            self.init(name: name, shape: shape, data: floats.withUnsafeBytes { [UInt8]($0) })
        }

        /// The numbers of a tensor of f32.
        public var floats: [Float] {
            get {
                data.withUnsafeBytes { bytes in
                    (0..<bytes.count / 4).map { bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
                }
            }
            set { data = newValue.withUnsafeBytes { [UInt8]($0) } }
        }
    }

    public struct Failure: Error {
        let what: String
    }

    public var configuration: JSONObject
    /// In the order of the file.
    public var tensors: [Tensor]
    /// Other files by name.
    public var files: [String: [UInt8]]

    /// Reads a folder whose weights are in one file.
    public init(folder: String) throws {
        func read(_ name: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(fileURLWithPath: folder + "/" + name))) }
        guard let configuration = try JSONValue(parsing: read("config.json")).objectValue else {
            throw Failure(what: "config.json")
        }
        self.configuration = configuration
        files = [
            "tokenizer.model": try read("tokenizer.model"), "tokenizer_config.json": try read("tokenizer_config.json"),
        ]

        let weights = try read("model.safetensors")
        let headerEnd = 8 + weights.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
        let header = try JSONValue(parsing: Array(weights[8..<headerEnd])).objectValue?.members ?? []
        tensors = try header.filter { $0.key != "__metadata__" }.map { member in
            func integers(_ key: String) -> [Int]? { member.value[key]?.arrayValue?.compactMap(\.intValue) }
            guard let type = member.value["dtype"]?.stringValue, let shape = integers("shape"),
                let range = integers("data_offsets"), range.count == 2
            else { throw Failure(what: member.key) }
            let data = Array(weights[headerEnd + range[0]..<headerEnd + range[1]])
            return Tensor(name: member.key, type: type, shape: shape, data: data)
        }
    }

    /// The f32 fixture `alpha` cut to three layers, one of them of attention: 800,000 weights.
    public static func small() throws -> EditableCheckpoint {
        var checkpoint = try EditableCheckpoint(folder: Fixtures.oracle("alpha"))
        checkpoint.configuration["num_hidden_layers"] = 3
        checkpoint.tensors.removeAll { tensor in (3..<8).contains { tensor.name.hasPrefix("model.layers.\($0).") } }
        return checkpoint
    }

    /// The tensor of that name. Set to nil, it is removed; set to another, it is replaced or becomes the last one.
    public subscript(name: String) -> Tensor? {
        get { tensors.first { $0.name == name } }
        set {
            let index = tensors.firstIndex { $0.name == name }
            switch (index, newValue) {
            case (let index?, let tensor?): tensors[index] = tensor
            case (let index?, nil): tensors.remove(at: index)
            case (nil, let tensor?): tensors.append(tensor)
            case (nil, nil): break
            }
        }
    }

    /// Writes the folder.
    public func write() throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        try folder.write(JSONValue.object(configuration).serialized(indented: true), to: "config.json")
        for (name, bytes) in files { try folder.write(bytes, to: name) }

        var header = JSONObject()
        var offset: Int64 = 0
        for tensor in tensors {
            let end = offset + Int64(tensor.data.count)
            header[tensor.name] = [
                "dtype": .string(tensor.type), "shape": .array(tensor.shape.map { .integer(Int64($0)) }),
                "data_offsets": [.integer(offset), .integer(end)],
            ]
            offset = end
        }
        let text = JSONValue.object(header).serialized()
        var weights = withUnsafeBytes(of: UInt64(text.count).littleEndian) { [UInt8]($0) } + text
        for tensor in tensors { weights += tensor.data }
        try folder.write(weights, to: "model.safetensors")
        return folder
    }
}
