import Kernels
import KernelTypes
import System
import Tiles

/// How fast the kernel of a matrix is.
public struct MatrixResult: Sendable {
    /// The matrix's name, as in ``MatrixCase``.
    public let name: String
    /// What was measured: the case's shape, or a part of its rows if the whole would take too long or too much memory.
    public let shape: MatrixShape
    /// The type of its weights.
    public let type: WeightType
    /// Tokens that it is multiplied with at once: one as in decoding, or a chunk.
    public let tokens: Int
    /// Threads that shared the work.
    public let threads: Int
    /// The name of the set of kernels.
    public let kernels: String
    /// How they went about it.
    public let tuning: Tuning
    /// Seconds of a product.
    public let seconds: Samples
    /// Bytes for one token, operations for a chunk.
    public let speed: Speed

    /// Bytes of the matrix read per second, for each repetition.
    public var bytesPerSecond: Samples { seconds.map { Double(shape.byteCount(type)) / $0 } }
    /// Operations per second, for each repetition.
    public var operationsPerSecond: Samples { seconds.map { Double(tokens * shape.operationsPerToken) / $0 } }
}

/// Measures the kernels of matrices of one type by themselves: no model, no other work in between,
/// activations quantized beforehand.
public struct MatrixBenchmark {
    private let machine: Machine
    private let type: WeightType
    /// Time of all repetitions together.
    private let seconds: Double

    /// Fills the machine's buffer with weights of `type`: one of these at a time. A kernel is measured for about `seconds`.
    public init(machine: Machine, type: WeightType, seconds: Double = 0.5) {
        self.machine = machine
        self.type = type
        self.seconds = seconds
        RandomTiles.fill(machine.buffer, type)
    }

    /// Measures the kernel of a matrix for `tokens` tokens at once, and the machine's limit before and after.
    public func measure(_ matrix: MatrixCase, tokens: Int) -> MatrixResult {
        let shape = part(of: matrix.shape, tokens: tokens)
        let operands = MatrixOperands(shape, type, tokens: tokens, machine: machine)
        let unit: Speed.Unit = tokens == 1 ? .bytes : .operations
        let (seconds, limit) = machine.bounded(by: { machine.limit(unit, type) }) { secondsPerProduct(operands) }
        let amount = Double(unit == .bytes ? shape.byteCount(type) : tokens * shape.operationsPerToken)
        return MatrixResult(
            name: matrix.name, shape: shape, type: type, tokens: tokens, threads: machine.team.count, kernels: machine.kernels.name,
            tuning: machine.kernels.tuning,
            seconds: seconds, speed: Speed(unit, seconds.map { amount / $0 }, limit: limit))
    }

    /// The shape with as many rows as fit the buffer and let a product take no longer than all repetitions are to take.
    private func part(of shape: MatrixShape, tokens: Int) -> MatrixShape {
        let fitting = shape.cut(toRowTiles: machine.buffer.byteCount / (shape.columnTiles * type.bytesPerTile))
        let probe = MatrixOperands(shape.cut(toRowTiles: 1), type, tokens: tokens, machine: machine)
        let rowTileSeconds = secondsPerProduct(probe, 0..<1) / Double(shape.count)
        return fitting.cut(toRowTiles: Int(min(1e6, seconds / rowTileSeconds)))
    }

    /// Takes the products in turn, some per repetition.
    private func secondsPerProduct(_ operands: MatrixOperands) -> Samples {
        let count = operands.products.count
        let estimate = secondsPerProduct(operands, 0..<1)
        let perRepetition = max(1, min(count, Int(min(1e6, seconds / 10 / estimate))))
        var next = 0
        func repetition() -> Double {
            if next + perRepetition > count { next = 0 }
            defer { next += perRepetition }
            return secondsPerProduct(operands, next..<next + perRepetition)
        }
        let watch = Stopwatch()
        var samples = Samples(repetition())
        while watch.seconds < seconds { samples.append(repetition()) }
        return samples
    }

    private func secondsPerProduct(_ operands: MatrixOperands, _ products: Range<Int>) -> Double {
        let job = ProductJob(operands, products, machine.kernels)
        return Stopwatch.seconds { machine.team.run(job) } / Double(products.count)
    }
}

/// Products one after the other, each shared out as in a model.
private final class ProductJob: TeamJob {
    private let operands: MatrixOperands
    private let products: Range<Int>
    private let kernels: KernelSet

    init(_ operands: MatrixOperands, _ products: Range<Int>, _ kernels: KernelSet) {
        self.operands = operands
        self.products = products
        self.kernels = kernels
    }

    func run(_ member: TeamMember) {
        let memory = operands.unpacked(member.index)
        for product in operands.products[products] {
            member.share(product.matrix, tokens: product.tokens) { kernels.multiply(product, $0, memory) }
        }
    }
}
