import ModelFile
import TestSupport
import Tiles

/// A model file with a tensor of every type and layout, whose weights are random bytes (finite where they are floats).
struct SampleModel {
    let tensors: [TensorDescription]
    /// The bytes of each tensor.
    let contents: [[UInt8]]
    let metadata: Metadata

    static let metadata = Metadata(
        configuration: Array(#"{"architecture":"recurrent_gemma","width":2560}"#.utf8),
        tokenizer: (0..<2000).map { UInt8(truncatingIfNeeded: $0 / 7) },
        chatTemplate: "<start_of_turn>user\n{text}<end_of_turn>\n",
        provenance: Array(#"{"converter":"tests"}"#.utf8))

    /// Sizes that don't fill their tiles, and a stack.
    static let tensors =
        [
            TensorDescription(name: "norm.weight", type: .f32, dimensions: [37], isTiled: false),
            TensorDescription(name: "conv_1d.weight", type: .f32, dimensions: [4, 37], isTiled: false),
            TensorDescription(name: "cube", type: .f32, dimensions: [2, 3, 5], isTiled: false),
        ]
        + WeightType.allCases.flatMap { type in
            [
                TensorDescription(name: "matrix.\(type.name)", type: type, dimensions: [21, 100], isTiled: true),
                TensorDescription(name: "stack.\(type.name)", type: type, dimensions: [3, 17, 30], isTiled: true),
            ]
        }

    init(tensors: [TensorDescription] = Self.tensors, metadata: Metadata = Self.metadata, seed: UInt64 = 1) {
        var random = RandomSource(seed: seed)
        self.tensors = tensors
        self.metadata = metadata
        contents = tensors.map { tensor in Self.content(of: tensor, using: &random) }
    }

    /// Writes the file, in parts that don't end where tensors do.
    func write(to target: String) throws {
        let writer = try ModelFileWriter(target: target, tensors: tensors, metadata: metadata)
        let all = contents.flatMap { $0 }
        for start in stride(from: 0, to: all.count, by: 1009) {
            try all[start..<min(start + 1009, all.count)].withUnsafeBytes { try writer.append($0) }
        }
        try writer.finish()
    }

    /// Random codes, and floats and scales in -1…1.
    private static func content(of tensor: TensorDescription, using random: inout RandomSource) -> [UInt8] {
        let count = tensor.byteCount ?? 0
        func half() -> [UInt8] { withUnsafeBytes(of: Float16(random.float()).bitPattern.littleEndian) { Array($0) } }
        var bytes: [UInt8] = []
        while bytes.count < count {
            switch tensor.type {
            case .f32: bytes += withUnsafeBytes(of: random.float().bitPattern.littleEndian) { Array($0) }
            case .f16: bytes += half()
            case .q8, .q4:
                for _ in 0..<tensor.type.layout.scaleBytes / 2 { bytes += half() }
                // A q8 code is never -128; any byte is two q4 codes.
                let codes: ClosedRange<Int8> = tensor.type == .q8 ? -127...127 : -128...127
                for _ in 0..<tensor.type.bytesPerTile - tensor.type.layout.scaleBytes {
                    bytes.append(UInt8(bitPattern: Int8.random(in: codes, using: &random)))
                }
            }
        }
        return bytes
    }
}
