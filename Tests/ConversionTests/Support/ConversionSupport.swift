import Checkpoint
import Conversion
import Foundation
import Griffin
import ModelFile
import ModelTestSupport
import Quantization
import System
import TestSupport
import Tiles

/// A model file in a folder of its own, which exists as long as this object.
struct ConvertedModel {
    let folder: TemporaryFolder
    let report: ConversionReport
    let file: ModelFile

    /// Converts a checkpoint folder.
    init(_ source: String, _ options: Conversion.Options = Conversion.Options()) throws {
        folder = try TemporaryFolder()
        let path = folder.file("model.rgq")
        report = try Conversion(source: source, options: options).write(to: path)
        file = try ModelFile(path: path)
    }

    /// Writes a checkpoint and converts it.
    init(_ checkpoint: EditableCheckpoint, _ options: Conversion.Options = Conversion.Options()) throws {
        let source = try checkpoint.write()
        self = try withExtendedLifetime(source) { try ConvertedModel(source.path, options) }
    }

    /// The bytes of the file.
    func contents() throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(fileURLWithPath: file.path))) }
}

extension Conversion {
    /// Opens a checkpoint that is gone afterwards: enough to look at what would be written.
    init(_ checkpoint: EditableCheckpoint, _ options: Options = Options()) throws {
        let source = try checkpoint.write()
        self = try withExtendedLifetime(source) { try Conversion(source: source.path, options: options) }
    }
}

extension Conversion.Options {
    /// Options with one type for all matrices for which no rule says another.
    static func type(_ type: WeightType, rules: [String] = []) throws -> Conversion.Options {
        var options = Conversion.Options()
        options.types = TypePreset(all: type)
        options.rules = try rules.map { try TensorTypeRule(parsing: $0) }
        return options
    }
}

extension ModelFile {
    /// Replaces the first bytes of a tensor, but not its checksum.
    func damage(_ name: String, with bytes: [UInt8]) throws {
        guard let tensor = tensor(named: name) else { return }
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        try handle.seek(toOffset: UInt64(tensor.offset))
        try handle.write(contentsOf: bytes)
        try handle.close()
    }

    /// The weights of a tensor, decoded, without padding.
    func weights(of tensor: TensorEntry) -> [Float] {
        let bytes = bytes(of: tensor)
        guard let shape = tensor.matrixShape, let start = bytes.baseAddress else { return Array(bytes.bindMemory(to: Float.self)) }
        return TileDecoder(tensor.type).decode(start, shape: shape)
    }
}

extension Checkpoint {
    /// All numbers of the planned tensor, transposed as in the model file.
    func weights(of planned: PlannedTensor) throws -> [Float] {
        guard let tensor = tensor(named: planned.name) else { return [] }
        let numbers = UnsafeMutablePointer<Float>.allocate(capacity: tensor.count)
        defer { numbers.deallocate() }
        try read(tensor, elements: 0..<tensor.count, into: numbers)
        let shape = tensor.dimensions
        return (0..<tensor.count).map { index in
            switch planned.transposition {
            case .none: numbers[index]
            case .transposeEach:
                // [heads, inputs, outputs] at [head, output, input].
                numbers[(index / shape[1] / shape[2] * shape[1] + index % shape[1]) * shape[2] + index / shape[1] % shape[2]]
            case .tapsFirst:
                // [width, 1, taps] at [tap, channel].
                numbers[index % shape[0] * shape[2] + index / shape[0]]
            }
        }
    }
}

/// The error of opening and converting a folder; nil if it succeeds. The target's folder must stay as it was.
func conversionError(
    _ source: TemporaryFolder, _ options: Conversion.Options = Conversion.Options(), target: TemporaryFolder,
    name: String = "model.rgq"
) throws -> FileProblem? {
    let before = try target.contents()
    return try withExtendedLifetime((source, target)) {
        do throws(FileProblem) {
            _ = try Conversion(source: source.path, options: options).write(to: target.file(name))
            return nil
        } catch {
            guard try target.contents() == before else { throw LeftBehind(files: try target.contents()) }
            return error
        }
    }
}

/// Files that a failed conversion has left behind.
struct LeftBehind: Error {
    let files: [String]
}
