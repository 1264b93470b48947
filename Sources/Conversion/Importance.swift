import Checkpoint
import Files
import Griffin

/// How much an error in the weights of each input counts: the mean squares of every matrix's inputs over a text
/// (`formats/quantization.md`, "Statistics").
public struct Importance: Sendable {
    /// By the name of the matrix: a number an input, from 0 on; for a stack those of its first matrix, then the next one's.
    let inputs: [String: [Float]]
    /// Where it comes from, for messages.
    let path: String

    private static let advice = "make it with rg-quant calibrate, from a file of the same model"

    /// Reads what ``write(_:tokenCount:to:)`` has written. Throws for a file that can't be read or is something else.
    public init(path: String) throws(ConversionError) {
        func fail(_ problem: String) -> ConversionError {
            ConversionError(.source, path: path, problem: problem, advice: Self.advice)
        }
        let (file, numbers) = try translatingCheckpointErrors { () throws(CheckpointError) in
            let file = try SafetensorsFile(path: path, ifMissing: Self.advice)
            var numbers: [[Float]] = []
            for tensor in file.tensors { numbers.append(tensor.type == .f32 ? try file.floats(of: tensor) : []) }
            return (file, numbers)
        }
        var inputs: [String: [Float]] = [:]
        for (tensor, numbers) in zip(file.tensors, numbers) {
            guard tensor.type == .f32, tensor.dimensions.count == 1 else { throw fail("tensor \(tensor.name) is not a vector of F32") }
            guard numbers.allSatisfy({ $0 >= 0 && $0.isFinite }) else {
                throw fail("tensor \(tensor.name) has numbers that are no mean squares")
            }
            inputs[tensor.name] = numbers
        }
        self.inputs = inputs
        self.path = path
    }

    /// Writes statistics to a file, which is under its name whole or not at all.
    public static func write(_ squares: InputSquares, tokenCount: Int, to target: String) throws(ConversionError) {
        let means = squares.means
        try translatingFileErrors { () throws(FileError) in
            let writer = try SafetensorsWriter(
                target: target, tensors: means.map { .init(name: $0.name, type: .f32, dimensions: [$0.inputs.count]) },
                metadata: [("format", "rg-edge input mean squares"), ("tokens", "\(tokenCount)")])
            for mean in means {
                try mean.inputs.span.bytes.withUnsafeBytes { bytes throws(FileError) in try writer.append(bytes) }
            }
            try writer.finish()
        }
    }

    /// The numbers for a matrix, as many as it has inputs. Throws if they are not there.
    func inputs(of planned: PlannedTensor) throws(ConversionError) -> [Float]? {
        guard let shape = planned.matrixShape else { return nil }
        guard let numbers = inputs[planned.name] else {
            throw ConversionError(
                .source, path: path, problem: "has no statistics of \(planned.name)", advice: Self.advice)
        }
        guard numbers.count == shape.count * shape.columns else {
            throw ConversionError(
                .source, path: path,
                problem: "has statistics of \(numbers.count) inputs of \(planned.name), which has \(shape.count * shape.columns)",
                advice: Self.advice)
        }
        return numbers
    }
}
