/// The search for the q4 scale of one block, number by number, as `formats/quantization.md` describes it.
enum SearchReference {
    /// The scale, which is an f16, of 32 weights, of which an error in each counts by its importance.
    static func scale(_ weights: [Float], _ importance: [Float]) -> Float {
        // The largest magnitude; of two that differ in sign only, the negative one.
        let lowest = weights.reduce(weights[0]) { $1 < $0 ? $1 : $0 }, highest = weights.reduce(weights[0]) { $1 > $0 ? $1 : $0 }
        let extreme = highest > -lowest ? highest : lowest
        var plain = Float16(extreme / -8)
        // Subnormal scales have few bits.
        if extreme.magnitude > Float(plain).magnitude * 8.25 { plain = Float16(bitPattern: plain.bitPattern + 1) }

        let plainSums = Sums(weights, importance, inverse: plain == 0 ? 0 : 1 / Float(plain))
        var best = plainSums
        for code: Float in [-7.1, -8.5, -9.1, -10] {
            let sums = Sums(weights, importance, inverse: 1 / extreme * code)
            if sums.gain > best.gain { best = sums }
        }
        best = Sums(weights, importance, inverse: 1 / best.scale)
        let searched = Float16(best.scale)
        let isBetter = best.gain(Float(searched)) > plainSums.gain(Float(plain))
        return isBetter && searched.magnitude >= 0x1p-14 && searched.isFinite ? Float(searched) : Float(plain)
    }

    /// The nearest code of a weight under a scale, given as its inverse.
    static func code(_ weight: Float, _ inverse: Float) -> Float {
        let code = (weight * inverse).rounded(.toNearestOrEven)
        return code < -8 ? -8 : code > 7 ? 7 : code
    }

    /// What the codes under a scale give.
    private struct Sums {
        private var products: Float = 0
        private var squares: Float = 0

        init(_ weights: [Float], _ importance: [Float], inverse: Float) {
            for (weight, importance) in zip(weights, importance) {
                let code = SearchReference.code(weight, inverse)
                products += code * importance * weight
                squares += code * importance * code
            }
        }

        var scale: Float { products / squares }
        var gain: Float { scale * products }
        func gain(_ scale: Float) -> Float { scale * (products + products - scale * squares) }
    }
}
