import Glibc
import KernelTypes
import ModelFile
import Tiles

/// The sums of the squares of every matrix's inputs over the tokens that are fed while it is told of their products: how much an
/// error in the weights of an input counts.
///
/// Not to be read while a chunk is computed.
public final class InputSquares {
    /// Of one matrix, or stack of them.
    private struct Sums {
        let name: String
        /// [count × columns]
        let squares: UnsafeMutableBufferPointer<Double>
        var tokenCount = 0
    }

    private var sums: [Sums] = []
    /// Which of them belongs to a tensor of the file, by the tensor's number; nil for plain tensors.
    private var indexOfTensor: [Int?] = []

    /// Sums of zeros for all matrices of a file.
    public init(file: ModelFile) {
        for tensor in file.tensors {
            indexOfTensor.append(tensor.matrixShape == nil ? nil : sums.count)
            guard let shape = tensor.matrixShape else { continue }
            let squares = UnsafeMutableBufferPointer<Double>.allocate(capacity: shape.count * shape.columns)
            squares.initialize(repeating: 0)
            sums.append(Sums(name: tensor.name, squares: squares))
        }
    }

    deinit { for sum in sums { sum.squares.deallocate() } }

    /// The mean squares of the inputs of each matrix, in file order; for a stack those of its first matrix, then the next
    /// one's. Zero where nothing was fed.
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
