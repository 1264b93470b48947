import KernelTypes

/// The figures of one tile, one lane per row: the sums are short enough for f32.
///
/// What adds weights is never inlined where lanes are read: the compiler would take the vectors apart in the loop that makes them.
struct LaneFigures {
    private var squares = Lanes.zero
    private var squaredErrors = Lanes.zero
    private var largestWeight = Lanes.zero
    private var largestError = Lanes.zero

    @inline(__always) init() {}

    @inline(__always) mutating func add(_ weights: Lanes, stored: Lanes) {
        let errors = difference(weights, stored)
        squares += square(weights)
        squaredErrors += square(errors)
        largestWeight = largestWeight.larger(weights.size)
        largestError = largestError.larger(errors.size)
    }

    /// True if the magnitude of every weight is below `limit`.
    @inline(__always) func isBelow(_ limit: Float) -> Bool {
        for lane in 0..<Lanes.scalarCount where !(largestWeight[lane] < limit) { return false }
        return true
    }

    /// Adds these figures to others: eight rows and then eight more, however many lanes there are, so that sums are the same.
    @inline(__always) func merge(into figures: UnsafeMutablePointer<ErrorFigures>) {
        for first in stride(from: 0, to: Lanes.scalarCount, by: 8) {
            var squares = 0.0, squaredErrors = 0.0
            for lane in first..<first + 8 {
                squares += Double(self.squares[lane])
                squaredErrors += Double(self.squaredErrors[lane])
                let weight = largestWeight[lane], error = largestError[lane]
                if weight > figures.pointee.largestWeight { figures.pointee.largestWeight = weight }
                if error > figures.pointee.largestError { figures.pointee.largestError = error }
            }
            figures.pointee.squares += squares
            figures.pointee.squaredErrors += squaredErrors
        }
    }
}
