import Tiles

/// Finds the q4 scales of one block of 8 rows.
///
/// In plain rounding the weight of the largest magnitude gets code -8, the end of the range that reaches further, whatever its
/// sign: the scale gets the opposite sign. But a scale a little larger or smaller often fits the other weights so much better that
/// the sum of squared errors falls, by 11 % on normally distributed weights. For given codes the best scale is known, Σ i·w·code /
/// Σ i·code² with importance i, and lowers the error by (Σ i·w·code)² / Σ i·code². So several scales are tried for the sake of
/// their codes; the best scale for the best of these gives codes in turn, and the best scale for them is kept.
enum ScaleSearch {
    static let lowestCode: Float = -8
    static let highestCode: Float = 7

    /// Codes that the weight of the largest magnitude would get if they had no lower end, besides -8. With these the sum of squared
    /// errors is 0.6 % (normally distributed weights) and 0.3 % (Laplace) above that of the best of 45 scales; eight come 0.4 % and
    /// 0.2 % nearer, but cost half as much time again.
    private static let candidates: [Float] = [-7.1, -8.5, -9.1, -10]

    /// The codes of weights under a scale, given as its inverse: the nearest that exist.
    @inline(__always) static func code(_ weights: Lanes, _ inverse: Lanes) -> Lanes {
        // Limited after rounding: the other way round the compiler folds the rounding into a slower limit.
        (weights * inverse).roundedToEven.larger(Lanes(repeating: lowestCode)).smaller(Lanes(repeating: highestCode))
    }

    /// The scales of a block: their sum of squared errors times importance is no worse than that of plain rounding, except for what
    /// is lost in sums of f32, some 1e-7 of the sum of squared weights times importance. `importance` is nil if every input counts
    /// the same.
    static func scale(_ weights: HalfPanel, _ importance: UnsafePointer<Float>?) -> BlockScale {
        let extreme = extreme(weights)
        let unit = Lanes(repeating: 1) / extreme
        let plain = BlockScale(extreme / Lanes(repeating: lowestCode), extreme: extreme, largestCode: -lowestCode)
        // Of the codes under the stored scale. With the exact scale, a weight halfway between two codes now and then gets the other
        // one.
        let plainSums = Sums(weights, importance, inverse: plain.inverse)

        var best = plainSums
        for candidate in candidates {
            let sums = Sums(weights, importance, inverse: unit * Lanes(repeating: candidate))
            best = Sums(where: sums.gain .> best.gain, sums, else: best)
        }
        best = Sums(weights, importance, inverse: Lanes(repeating: 1) / best.bestScale)
        let searched = BlockScale(best.bestScale)

        // Rounding to f16 can undo a gain. A larger scale can be beyond f16, and below its normal numbers it is not near the best.
        // Every comparison is false for NaN, which blocks of zeros give.
        let isBetter = best.gain(searched.scale) .> plainSums.gain(plain.scale)
        let isNormal = searched.scale.magnitude .>= Lanes(repeating: 0x1p-14)
        return BlockScale(where: isBetter .& isNormal .& searched.isFinite, searched, else: plain)
    }

    /// The weights of the largest magnitude; if two differ only in sign, the negative one.
    @inline(__always) private static func extreme(_ weights: HalfPanel) -> Lanes {
        var lowest = weights[0], highest = weights[0]
        for column in 1..<Tile.block {
            lowest = lowest.smaller(weights[column])
            highest = highest.larger(weights[column])
        }
        return Lanes(where: highest .> -lowest, highest, else: lowest)
    }

    /// What given codes of a block give under any scale.
    private struct Sums {
        /// Σ importance · weight · code.
        private var products = Lanes.zero
        /// Σ importance · code².
        private var squares = Lanes.zero

        /// For the codes under a scale, given as its inverse.
        @inline(__always) init(_ weights: HalfPanel, _ importance: UnsafePointer<Float>?, inverse: Lanes) {
            if let importance {
                for column in 0..<Tile.block {
                    let code = ScaleSearch.code(weights[column], inverse)
                    let weighted = code * Lanes(repeating: importance[column])
                    products += weighted * weights[column]
                    squares += weighted * code
                }
            } else {
                for column in 0..<Tile.block {
                    let code = ScaleSearch.code(weights[column], inverse)
                    products += code * weights[column]
                    squares += code * code
                }
            }
        }

        /// One or the other, lane by lane.
        @inline(__always) init(where mask: LaneMask, _ sums: Sums, else others: Sums) {
            products = Lanes(where: mask, sums.products, else: others.products)
            squares = Lanes(where: mask, sums.squares, else: others.squares)
        }

        /// The scales with the least sum of squared errors.
        @inline(__always) var bestScale: Lanes { products / squares }
        /// By how much ``bestScale`` makes the sum of squared errors smaller than that of zeros.
        @inline(__always) var gain: Lanes { bestScale * products }
        /// The same for other scales.
        @inline(__always) func gain(_ scale: Lanes) -> Lanes {
            scale * (products + products - scale * squares)
        }
    }
}
