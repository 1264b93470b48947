import Glibc
import KernelTypes
import ModelFile
import System
import Tiles

/// The sums of the squares of every matrix's inputs over the tokens that are fed while it observes their products: how much an
/// error in the weights of an input counts.
///
/// Not to be read while a chunk is computed.
public final class InputSquares {
    /// The sums of one matrix, or of one stack of matrices.
    private struct Sums {
        let name: String
        /// [count × columns]
        let squares: UnsafeMutableBufferPointer<Double>
        var tokenCount = 0
    }

    private let memory: UnsafeMutablePointer<Double>
    private var sums: [Sums] = []
    /// Which of the sums belong to a tensor of the file, by the tensor's number; nil for plain tensors.
    private var indexOfTensor: [Int?] = []

    /// Sums of zeros for all matrices of a file; nil if the system has no memory for them.
    public init?(file: ModelFile) {
        let count = Self.inputCounts(of: file).reduce(0) { $0 + $1.count }
        guard let memory = SystemMemory.zeroed(Double.self, count: count) else { return nil }
        self.memory = memory
        var start = memory
        for tensor in file.tensors {
            indexOfTensor.append(tensor.matrixShape == nil ? nil : sums.count)
            guard let shape = tensor.matrixShape else { continue }
            let squares = UnsafeMutableBufferPointer(start: start, count: shape.count * shape.columns)
            sums.append(Sums(name: tensor.name, squares: squares))
            start += squares.count
        }
    }

    deinit { free(memory) }

    /// The names of the matrices of a file in file order, with the number of their inputs; for a stack, the inputs of all its
    /// matrices together.
    public static func inputCounts(of file: ModelFile) -> [(name: String, count: Int)] {
        file.tensors.compactMap { tensor in tensor.matrixShape.map { (tensor.name, $0.count * $0.columns) } }
    }

    /// The mean squares of the inputs of each matrix, in file order; for a stack those of its first matrix, then those of the next.
    /// Zero if nothing was fed.
    public var means: [(name: String, inputs: [Float])] {
        sums.map { sum in (sum.name, sum.squares.map { Float($0 / Double(max(1, sum.tokenCount))) }) }
    }

    /// Adds the inputs of a product that is about to be computed.
    func add(_ product: MatrixProduct) {
        guard let index = indexOfTensor[product.matrix.number] else { return }
        let squares = sums[index].squares
        for token in 0..<product.tokens {
            let input = product.input + token * product.inputStride
            for column in squares.indices { squares[column] += Double(input[column]) * Double(input[column]) }
        }
        sums[index].tokenCount += product.tokens
    }
}
