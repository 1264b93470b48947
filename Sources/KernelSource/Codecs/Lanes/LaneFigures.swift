import KernelTypes

/// The figures of one tile, one lane per row: the sums are short enough for f32.
///
/// What adds weights is never inlined where lanes are read: the compiler would take the vectors apart in the loop that makes them.
typealias LaneFigures = (squares: Lanes, squaredErrors: Lanes, largestWeight: Lanes, largestError: Lanes)

/// The figures of no weights.
@inline(__always) var noFigures: LaneFigures { (.zero, .zero, .zero, .zero) }

@inline(__always) func add(_ weights: Lanes, stored: Lanes, to figures: inout LaneFigures) {
    let errors = difference(weights, stored)
    figures.squares += square(weights)
    figures.squaredErrors += square(errors)
    figures.largestWeight = figures.largestWeight.larger(weights.size)
    figures.largestError = figures.largestError.larger(errors.size)
}

/// True if all numbers are below `limit`.
@inline(__always) func areBelow(_ limit: Float, _ numbers: Lanes) -> Bool {
    for lane in 0..<Lanes.scalarCount where !(numbers[lane] < limit) { return false }
    return true
}

/// Adds figures to others: eight rows and then eight more, however many lanes there are, so that sums are the same.
@inline(__always) func merge(_ lanes: LaneFigures, into figures: UnsafeMutablePointer<ErrorFigures>) {
    for first in stride(from: 0, to: Lanes.scalarCount, by: 8) {
        var squares = 0.0, squaredErrors = 0.0
        for lane in first..<first + 8 {
            squares += Double(lanes.squares[lane])
            squaredErrors += Double(lanes.squaredErrors[lane])
            let weight = lanes.largestWeight[lane], error = lanes.largestError[lane]
            if weight > figures.pointee.largestWeight { figures.pointee.largestWeight = weight }
            if error > figures.pointee.largestError { figures.pointee.largestError = error }
        }
        figures.pointee.squares += squares
        figures.pointee.squaredErrors += squaredErrors
    }
}
