/// Error feedback and coordinate descent for one row and one group of inputs, number by number, as ``ErrorFeedback`` describes
/// them.
struct FeedbackReference {
    /// Inputs, rounded up to whole tiles.
    private let columns: Int
    /// H, M and D. [columns][columns], and [columns]
    private let moments: [[Float]]
    private let feedback: [[Float]]
    private let importance: [Float]

    /// From valid moments. [inputs][inputs]
    init(_ given: [[Float]]) {
        let inputs = given.count, columns = (inputs + 63) / 64 * 64
        let unit = Double(inputs) / (0..<inputs).reduce(0) { $0 + Double(given[$1][$1]) }
        let moments = (0..<columns).map { row in
            (0..<columns).map { column -> Float in
                guard row < inputs, column < inputs else { return row == column ? 1 : 0 }
                let moment = Double(given[max(row, column)][min(row, column)]) * unit
                return Float(row == column ? moment + 0.01 : moment * 0.8)
            }
        }
        var root = [[Double]](repeating: [Double](repeating: 0, count: columns), count: columns)
        var feedback = [[Float]](repeating: [Float](repeating: 0, count: columns), count: columns)
        var importance = [Float](repeating: 1, count: columns)
        func product(_ a: [Double], _ b: [Double]) -> Double {
            var sums = [Double](repeating: 0, count: 8)
            for index in 0..<columns { sums[index % 8] += a[index] * b[index] }
            return ((sums[0] + sums[4]) + (sums[2] + sums[6])) + ((sums[1] + sums[5]) + (sums[3] + sums[7]))
        }
        for column in (0..<inputs).reversed() {
            let rest = Double(moments[column][column]) - product(root[column], root[column])
            let inverse = 1 / rest.squareRoot()
            for row in 0..<column {
                let value = (Double(moments[row][column]) - product(root[row], root[column])) * inverse
                root[row][column] = value
                feedback[row][column] = Float(value * inverse)
            }
            root[column][column] = rest.squareRoot()
            importance[column] = Float(rest)
        }
        self.columns = columns
        self.moments = moments
        self.feedback = feedback
        self.importance = importance
    }

    /// The stored weights of a row, padding included.
    func stored(_ row: [Float]) -> [Float] {
        let weights = row + [Float](repeating: 0, count: columns - row.count)
        var scales: [Float] = []
        var codes = [Float](repeating: 0, count: columns), errors = codes
        func set(_ column: Int, to code: Float, _ scale: Float) {
            codes[column] = code
            errors[column] = weights[column] - code * scale
        }
        for first in stride(from: 0, to: columns, by: 32) {
            var moved = (first..<first + 32).map { weights[$0] + sum(0..<first, errors, feedback, column: $0) }
            let scale = SearchReference.scale(moved, Array(importance[first..<first + 32]))
            scales.append(scale)
            for column in 0..<32 {
                set(first + column, to: code(moved[column], scale), scale)
                for other in column + 1..<32 { moved[other] += errors[first + column] * feedback[first + column][first + other] }
            }
        }
        for _ in 0..<2 {
            for first in stride(from: 0, to: columns, by: 32) {
                let block = first..<first + 32
                var slopes = block.map { sum(0..<columns, errors, moments, column: $0) }
                let codeSlopes = block.map { sum(block, codes, moments, column: $0) }
                var gain: Float = 0, cost: Float = 0
                for column in 0..<32 {
                    gain += codes[first + column] * slopes[column]
                    cost += codes[first + column] * codeSlopes[column]
                }
                let old = scales[first / 32]
                let new = cost == 0 ? old : Float(Float16(old + gain / cost))
                if (new - old) * (2 * gain - (new - old) * cost) > 0, new.magnitude >= 0x1p-14 {
                    scales[first / 32] = new
                    for column in 0..<32 { slopes[column] -= (new - old) * codeSlopes[column] }
                }
                let scale = scales[first / 32]
                for column in 0..<32 {
                    let row = moments[first + column]
                    let aim = codes[first + column] * scale + slopes[column] * (1 / row[first + column])
                    let best = code(aim, scale)
                    let step = (best - codes[first + column]) * scale
                    set(first + column, to: best, scale)
                    for other in column + 1..<32 { slopes[other] -= step * row[first + other] }
                }
            }
        }
        return codes.indices.map { codes[$0] * scales[$0 / 32] }
    }

    /// Of some rows' factors times their numbers in a column.
    private func sum(_ rows: Range<Int>, _ factors: [Float], _ matrix: [[Float]], column: Int) -> Float {
        rows.reduce(0) { $0 + factors[$1] * matrix[$1][column] }
    }

    private func code(_ weight: Float, _ scale: Float) -> Float { SearchReference.code(weight, scale == 0 ? 0 : 1 / scale) }
}
