import Checkpoint
import Griffin

/// How much an error in the weights of each input counts: the mean squares of every matrix's inputs over a text
/// (`formats/quantization.md`, "Statistics").
public struct Importance: Sendable {
    /// By the name of the matrix: a number an input, from 0 on; for a stack those of its first matrix, then the next one's.
    let inputs: [String: [Float]]
    /// Where it comes from, for messages.
    let path: String

    private static let advice = "make it with rg-quant calibrate, from a file of the same model"

    /// The most bytes accepted of a file of statistics; those of the 9B model have 6 MB.
    private static let limit = 256 << 20

    /// Reads what ``Calibration/write(to:progress:isCancelled:)`` has written. Throws for a file that can't
    /// be read or is something else.
    public init(path: String) throws(ConversionError) {
        func fail(_ problem: String) -> ConversionError {
            ConversionError(.source, path: path, problem: problem, advice: Self.advice)
        }
        let file = try translatingCheckpointErrors { () throws(CheckpointError) in
            try SafetensorsFile(path: path, ifMissing: Self.advice)
        }
        for tensor in file.tensors where tensor.type != .f32 || tensor.dimensions.count != 1 {
            throw fail("tensor \(tensor.name) is not a vector of F32")
        }
        // Before any is read: a model's weights, say, might not fit the memory.
        let byteCount = file.tensors.reduce(0) { $0 + $1.byteRange.count }
        guard byteCount <= Self.limit else {
            throw fail("has \(byteCount) bytes of numbers, more than the \(Self.limit) that statistics may have")
        }
        var inputs: [String: [Float]] = [:]
        for tensor in file.tensors {
            let numbers = try translatingCheckpointErrors { () throws(CheckpointError) in try file.floats(of: tensor) }
            guard numbers.allSatisfy({ $0 >= 0 && $0.isFinite }) else {
                throw fail("tensor \(tensor.name) has numbers that are no mean squares")
            }
            inputs[tensor.name] = numbers
        }
        self.inputs = inputs
        self.path = path
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
