import KernelTypes
import Tiles

/// What is wrong with the second moments of some inputs.
public enum CovarianceError: Error, Equatable {
    /// A number is NaN or infinite.
    case notFinite
    /// No inputs can have them: the mean square of an input, or of a mixture of inputs, would be negative.
    case notPositive
}

/// The second moments H = E[x xᵀ] of a group of consecutive inputs x, prepared for ``ErrorFeedback``. A row of weights that is off
/// by e in these inputs gives results whose mean squared error is eᵀ H e.
///
/// Moments are divided by the mean of their diagonal, and trusted less than they say: inputs that went together in one text may not
/// in another. Takes 0.5 MB. The errors are `notFinite` and `notPositive`; then there is no H.
public final class InputCovariance: @unchecked Sendable {
    /// Most inputs in a group.
    public static let group = 256
    /// How far products of different inputs are trusted. A text of 700 tokens can't tell 256 inputs apart: with full trust the loss
    /// of q4 is a third above that without feedback, with this value a fiftieth. With 100,000 tokens it costs nothing.
    private static let trust = 0.8
    /// What is added to the diagonal, whose mean is 1, for inputs that the text lacks.
    private static let damping = 0.01

    /// Inputs, rounded up to whole tiles; those added are uncorrelated with all others.
    let columns: Int
    /// H, symmetric, in strips (``FeedbackGroup``).
    private let moments: UnsafeMutablePointer<Float>
    /// 1 / H_kk. [``columns``]
    private let inverses: UnsafeMutablePointer<Float>
    /// How far the error of a weight j moves a later one k: M of H = (M + I) D (M + I)ᵀ, D diagonal and M strictly upper
    /// triangular. So eᵀ H e = Σ_k D_k (e_k + Σ_{j<k} e_j M_jk)². In strips.
    private let feedback: UnsafeMutablePointer<Float>
    /// D: how much an error counts that the weights after it can't make up for. [``columns``]
    private let importance: UnsafeMutablePointer<Float>

    /// From the lower triangle of the moments of 1 to ``group`` inputs, row by row. Where all are 0, every input counts the same.
    public init(lowerTriangle: UnsafePointer<Float>, inputs: Int) throws(CovarianceError) {
        precondition((1...Self.group).contains(inputs), "a group has 1 to \(Self.group) inputs")
        columns = (inputs + Tile.columns - 1) / Tile.columns * Tile.columns
        moments = Self.numbers(0, columns * columns)
        inverses = Self.numbers(1, columns)
        feedback = Self.numbers(0, columns * columns)
        importance = Self.numbers(1, columns)
        try load(lowerTriangle, inputs)
        try factorize(inputs)
    }

    deinit { for numbers in [moments, inverses, feedback, importance] { numbers.deallocate() } }

    /// For the weights of these inputs in a panel; `memory` as ``FeedbackGroup/memory``.
    func group(of weights: UnsafeMutablePointer<Float>, memory: UnsafeMutablePointer<Float>) -> FeedbackGroup {
        FeedbackGroup(
            weights: weights, columns: columns, moments: moments, inverses: inverses, feedback: feedback, importance: importance,
            memory: memory)
    }

    /// Where a number of a matrix in strips is.
    private func place(_ row: Int, _ column: Int) -> Int {
        (column / Tile.block * columns + row) * Tile.block + column % Tile.block
    }

    private static func numbers(_ number: Float, _ count: Int) -> UnsafeMutablePointer<Float> {
        let numbers = UnsafeMutablePointer<Float>.allocate(capacity: count)
        numbers.initialize(repeating: number, count: count)
        return numbers
    }

    /// Sets ``moments`` and ``inverses``.
    private func load(_ triangle: UnsafePointer<Float>, _ inputs: Int) throws(CovarianceError) {
        for index in 0..<inputs * (inputs + 1) / 2 where !triangle[index].isFinite { throw .notFinite }
        var sum = 0.0
        for row in 0..<inputs {
            let square = triangle[row * (row + 3) / 2]
            guard square >= 0 else { throw .notPositive }
            sum += Double(square)
        }
        let unit = sum > 0 ? Double(inputs) / sum : 0
        for row in 0..<inputs {
            for column in 0..<row {
                let moment = Double(triangle[row * (row + 1) / 2 + column]) * unit
                // No moment is larger than the largest one of the diagonal, which is no larger than the diagonal's sum.
                guard moment.magnitude <= Double(2 * inputs) else { throw .notPositive }
                moments[place(row, column)] = Float(moment * Self.trust)
                moments[place(column, row)] = Float(moment * Self.trust)
            }
            moments[place(row, row)] = sum > 0 ? Float(Double(triangle[row * (row + 3) / 2]) * unit + Self.damping) : 1
        }
        for column in inputs..<columns { moments[place(column, column)] = 1 }
        for column in 0..<columns { inverses[column] = 1 / moments[place(column, column)] }
    }

    /// Sets ``feedback`` and ``importance``, by Cholesky's method from the last input to the first: H = R Rᵀ with R upper
    /// triangular, so M_jk = R_jk / R_kk for j < k, and D_k = R_kk².
    private func factorize(_ inputs: Int) throws(CovarianceError) {
        // Zeros where the root isn't known yet.
        let root = UnsafeMutablePointer<Double>.allocate(capacity: columns * columns)
        defer { root.deallocate() }
        root.initialize(repeating: 0, count: columns * columns)
        for column in (0..<inputs).reversed() {
            let own = root + column * columns
            // Whole vectors: what comes before the next column is 0 in both rows.
            let known = (column + 1) / 8 * 8..<columns
            let rest = Double(moments[place(column, column)]) - Self.product(own, own, known)
            // If the moments are valid, it is no less than what was added. So all numbers here stay below 200.
            guard rest >= Self.damping / 2 else { throw .notPositive }
            let diagonal = rest.squareRoot(), inverse = 1 / diagonal
            for row in 0..<column {
                let other = root + row * columns
                let value = (Double(moments[place(row, column)]) - Self.product(other, own, known)) * inverse
                other[column] = value
                feedback[place(row, column)] = Float(value * inverse)
            }
            own[column] = diagonal
            importance[column] = Float(rest)
        }
    }

    /// Σ a_i · b_i over a range of whole vectors of 8, in an order that is the same on all machines.
    private static func product(_ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>, _ range: Range<Int>) -> Double {
        var sums = SIMD8<Double>.zero
        for index in stride(from: range.lowerBound, to: range.upperBound, by: 8) {
            let first = UnsafeRawPointer(a + index).loadUnaligned(as: SIMD8<Double>.self)
            sums += first * UnsafeRawPointer(b + index).loadUnaligned(as: SIMD8<Double>.self)
        }
        let four = sums.lowHalf + sums.highHalf, two = four.lowHalf + four.highHalf
        return two[0] + two[1]
    }
}
