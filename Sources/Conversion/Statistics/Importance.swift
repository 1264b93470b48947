import Checkpoint
import Griffin
import Quantization
import System
import Tiles

/// What a text has shown of the inputs of a model's matrices: how much an error in the weights of each counts, and how errors can
/// make up for each other (`formats/quantization.md`, "Statistics").
///
/// Opening it reads the table of contents. Numbers are read only once it is known that there are as many as a matrix asks for.
public struct Importance: Sendable {
    /// Where it comes from.
    let path: String
    private let file: SafetensorsFile
    private let tensors: [String: CheckpointTensor]
    /// False for a file of mean squares only, as older versions wrote them.
    private let hasMoments: Bool

    private static let advice = "make it with rg-quant calibrate, from a file of the same model"

    /// What the name of an input's second moments has after the name of the first matrix that reads the input.
    static let momentsSuffix = ".moments"

    /// Opens what ``Calibration/write(to:progress:isCancelled:)`` has written. Throws if the file can't be read or isn't a
    /// safetensors file.
    public init(path: String) throws(FileProblem) {
        file = try Self.advising(SafetensorsFile(path: path, ifMissing: Self.advice))
        tensors = Dictionary(file.tensors.map { ($0.name, $0) }) { first, _ in first }
        hasMoments = file.tensors.contains { $0.name.hasSuffix(Self.momentsSuffix) }
        self.path = path
    }

    /// The mean squares of a matrix's inputs, from 0 on, for a stack matrix by matrix. Nil for a plain tensor. Throws if they are
    /// not there.
    func inputs(of planned: PlannedTensor) throws(FileProblem) -> [Float]? {
        guard let shape = planned.matrixShape else { return nil }
        guard let tensor = tensors[planned.name] else { throw fail("has no statistics of \(planned.name)") }
        try checkIsVector(tensor)
        guard tensor.count == shape.count * shape.columns else {
            throw fail("has statistics of \(tensor.count) inputs of \(planned.name), which has \(shape.count * shape.columns)")
        }
        let numbers = try Self.advising(file.floats(of: tensor, 0..<tensor.count))
        guard numbers.allSatisfy({ $0 >= 0 && $0.isFinite }) else {
            throw fail("tensor \(tensor.name) has numbers that can't be mean squares")
        }
        return numbers
    }

    /// True if the file has second moments. It must then have those of this matrix's inputs too, and the right number of them.
    func hasMoments(of planned: PlannedTensor) throws(FileProblem) -> Bool {
        guard hasMoments, let shape = planned.matrixShape else { return false }
        let tensor = try moments(of: planned)
        try checkIsVector(tensor)
        let count = shape.count * InputGroups(columns: shape.columns).elementCount
        guard tensor.count == count else {
            throw fail("tensor \(tensor.name) has \(tensor.count) numbers, but \(planned.name) asks for \(count)")
        }
        return true
    }

    /// The second moments of a group of a matrix's inputs, counted over the stack; ``hasMoments(of:)`` has checked that they are
    /// there. Throws if they can't be read, or if no inputs can have them.
    func covariance(of planned: PlannedTensor, group: Int) throws(FileProblem) -> InputCovariance {
        let tensor = try moments(of: planned)
        let groups = InputGroups(columns: planned.matrixShape?.columns ?? 0)
        let triangle = try Self.advising(file.floats(of: tensor, groups.elements(ofGroup: group)))
        do throws(CovarianceError) {
            return try InputCovariance(lowerTriangle: triangle, inputs: groups.inputs(ofGroup: group).count)
        } catch {
            throw fail(
                error == .notFinite
                    ? "tensor \(tensor.name) has numbers that are not finite"
                    : "tensor \(tensor.name) has numbers that can't be second moments: they are not positive semidefinite")
        }
    }

    /// Throws if the file at the path is no longer the one that was opened.
    func checkUnchanged() throws(FileProblem) {
        try Self.advising(file.checkUnchanged())
    }

    private func moments(of planned: PlannedTensor) throws(FileProblem) -> CheckpointTensor {
        let name = planned.inputName + Self.momentsSuffix
        guard let tensor = tensors[name] else { throw fail("has no tensor \(name), but has others of its kind") }
        return tensor
    }

    /// Runs `body`; if something is wrong with the file, the program that wrote it can mend that.
    private static func advising<Result>(
        _ body: @autoclosure () throws(FileProblem) -> Result
    ) throws(FileProblem) -> Result {
        try FileProblem.amending(advice: advice, body())
    }

    private func checkIsVector(_ tensor: CheckpointTensor) throws(FileProblem) {
        guard tensor.type == .f32, tensor.dimensions.count == 1 else { throw fail("tensor \(tensor.name) is not a vector of F32") }
    }

    private func fail(_ problem: String) -> FileProblem {
        FileProblem(.content, path: path, problem: problem, advice: Self.advice)
    }
}
