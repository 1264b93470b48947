import Griffin
import KernelTypes
import Kernels

/// What a text shows of the inputs of a model's matrices, gathered while it is the observer of a ``ForwardPass``.
public final class InputStatistics: ForwardPassObserver {
    /// The squares of each input.
    public let squares: InputSquares
    /// The products of each two inputs of a group.
    public let moments: InputMoments

    init(squares: InputSquares, moments: InputMoments) {
        self.squares = squares
        self.moments = moments
    }

    /// Adds the inputs of a product.
    public func willMultiply(_ product: MatrixProduct, _ member: TeamMember) {
        member.share(1) { _ in squares.add(product) }
        moments.add(product, member)
    }
}
