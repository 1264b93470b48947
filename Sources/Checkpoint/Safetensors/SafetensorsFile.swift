import JSON
import System

/// A single safetensors file that isn't a model.
public struct SafetensorsFile: Sendable {
    /// As it was given.
    public let path: String
    /// In the order of their bytes.
    public let tensors: [CheckpointTensor]
    private let file: SourceFile

    /// Opens a file. Throws if it is missing, damaged, or not a safetensors file; `advice` says what to do if it is missing.
    public init(path: String, ifMissing advice: String) throws(FileProblem) {
        self.path = path
        file = try SourceFile(path: path, ifMissing: advice)
        tensors = try SafetensorsHeader.tensors(of: file, number: 0)
    }

    /// Some numbers of a tensor of f32, which may be any, also NaN. From any thread.
    public func floats(of tensor: CheckpointTensor, _ elements: Range<Int>) throws(FileProblem) -> [Float] {
        precondition(tensor.type == .f32, "only f32 can be read")
        precondition(elements.lowerBound >= 0 && elements.upperBound <= tensor.count, "numbers that the tensor has")
        let start = tensor.byteRange.lowerBound + 4 * elements.lowerBound
        let bytes = try file.bytes(start..<start + 4 * elements.count)
        return bytes.withUnsafeBytes { bytes in
            elements.indices.map { bytes.loadUnaligned(fromByteOffset: 4 * ($0 - elements.lowerBound), as: Float.self) }
        }
    }

    /// Throws if the file at the path is no longer the one that was opened.
    public func checkUnchanged() throws(FileProblem) { try file.checkUnchanged() }
}
