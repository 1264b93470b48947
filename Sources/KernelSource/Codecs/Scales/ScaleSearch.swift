import Tiles

/// Finds the scales of one block of codes of 4 bits, one per lane.
///
/// In plain rounding the weight of the largest magnitude gets the code at the end of the range that reaches further (-8), whatever
/// its sign: the scale gets the opposite sign. But a scale a little larger or smaller often fits the other weights so much better
/// that the sum of squared errors falls, by 11 % on normally distributed weights. For given codes the best scale is known, Σ
/// i·w·code / Σ i·code² with importance i, and lowers the error by (Σ i·w·code)² / Σ i·code². So several scales are tried for the
/// sake of their codes; the best scale for the best of these gives codes in turn, and the best scale for them is kept.
enum ScaleSearch<Codes: SearchedCodes> {
    /// The scales of a block: their sum of squared errors times importance is no worse than that of plain rounding, except for what
    /// is lost in sums of f32, some 1e-7 of the sum of squared weights times importance. `importance` is nil if every input counts
    /// the same.
    @inline(__always) static func scale(_ weights: PanelRows, _ importance: UnsafePointer<Float>?) -> BlockScale {
        if let importance {
            scale(weights) { CodeSums(weights, importance, inverse: $0) }
        } else {
            scale(weights) { CodeSums(weights, inverse: $0) }
        }
    }

    /// `sums` are those of the codes under a scale, given as its inverse.
    @inline(__always) private static func scale(
        _ weights: PanelRows, _ sums: (_ inverse: Lanes) -> CodeSums<Codes>
    ) -> BlockScale {
        let extreme = extreme(weights)
        let unit = Lanes(repeating: 1) / extreme
        let plain = BlockScale(extreme / Lanes(repeating: Codes.plain), extreme: extreme, largestCode: -Codes.plain)
        // Of the codes under the stored scale. With the exact scale, a weight halfway between two codes now and then gets the other
        // one.
        let plainSums = sums(plain.inverse)

        var best = plainSums
        let tried = Codes.tried
        best.keepBetter(sums(unit * Lanes(repeating: tried.0)))
        best.keepBetter(sums(unit * Lanes(repeating: tried.1)))
        best.keepBetter(sums(unit * Lanes(repeating: tried.2)))
        best.keepBetter(sums(unit * Lanes(repeating: tried.3)))
        best = sums(Lanes(repeating: 1) / best.bestScale)
        let searched = BlockScale(best.bestScale)

        // Rounding to f16 can undo a gain. A larger scale can be beyond f16, and below its normal numbers it is not near the best.
        // Every comparison is false for NaN, which blocks of zeros give.
        let isBetter = best.gain(searched.scale) .> plainSums.gain(plain.scale)
        let isNormal = searched.scale.size .>= Lanes(repeating: 0x1p-14)
        return BlockScale(where: isBetter .& isNormal .& searched.isFinite, searched, else: plain)
    }

    /// The weights of the largest magnitude; if two differ only in sign, the negative one.
    @inline(__always) private static func extreme(_ weights: PanelRows) -> Lanes {
        var lowest = weights[0], highest = weights[0]
        for column in 1..<Tile.block {
            lowest = lowest.smaller(weights[column])
            highest = highest.larger(weights[column])
        }
        return select(highest .> -lowest, highest, else: lowest)
    }
}

/// What ``ScaleSearch`` asks of codes.
protocol SearchedCodes {
    /// What the nearest codes stand for, as multiples of a scale that is given as its inverse: whole numbers up to 256.
    static func code(_ weights: Lanes, _ inverse: Lanes) -> Lanes

    /// The code that plain rounding gives the weight of the largest magnitude: negative.
    static var plain: Float { get }

    /// Codes that this weight would get if they had no ends: those of the scales that are tried.
    static var tried: (Float, Float, Float, Float) { get }
}

/// What given codes of a block give under any scale.
struct CodeSums<Codes: SearchedCodes> {
    /// Σ importance · weight · code.
    private var products = Lanes.zero
    /// Σ importance · code².
    private var squares = Lanes.zero

    /// For the codes under a scale, given as its inverse, where all inputs count the same.
    @inline(__always) init(_ weights: PanelRows, inverse: Lanes) {
        for column in 0..<Tile.block {
            let code = Codes.code(weights[column], inverse)
            products += code * weights[column]
            // Whole numbers below 2^24: exact, however it is rounded.
            squares = addExactSquare(squares, code)
        }
    }

    /// The same where an error in each input counts by its importance.
    @inline(__always) init(_ weights: PanelRows, _ importance: UnsafePointer<Float>, inverse: Lanes) {
        for column in 0..<Tile.block {
            let code = Codes.code(weights[column], inverse)
            let counted = code * Lanes(repeating: importance[column])
            products += counted * weights[column]
            squares += counted * code
        }
    }

    /// Takes other sums in the lanes in which they gain more.
    @inline(__always) mutating func keepBetter(_ other: CodeSums) {
        let isBetter = other.gain .> gain
        products = select(isBetter, other.products, else: products)
        squares = select(isBetter, other.squares, else: squares)
    }

    /// The scales with the least sum of squared errors.
    @inline(__always) var bestScale: Lanes { products / squares }
    /// By how much ``bestScale`` makes the sum of squared errors smaller than that of zeros.
    @inline(__always) var gain: Lanes { bestScale * products }
    /// The same for other scales.
    @inline(__always) func gain(_ scale: Lanes) -> Lanes { scale * (products + products - scale * squares) }
}
