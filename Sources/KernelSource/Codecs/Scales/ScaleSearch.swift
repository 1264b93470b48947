import Tiles

/// What the search for scales asks of codes.
protocol SearchedCodes {
    /// What the nearest codes stand for, as multiples of a scale that is given as its inverse: whole numbers up to 256.
    static func code(_ weights: Lanes, _ inverse: Lanes) -> Lanes

    /// The code that plain rounding gives the weight of the largest magnitude: negative.
    static var plain: Float { get }

    /// Codes that this weight would get if they had no ends: those of the scales that are tried.
    static var tried: (Float, Float, Float, Float) { get }
}

/// Finds the scales of one block of codes of 4 bits, one per lane.
///
/// In plain rounding the weight of the largest magnitude gets the code at the end of the range that reaches further (-8), whatever
/// its sign: the scale gets the opposite sign. But a scale a little larger or smaller often fits the other weights so much better
/// that the sum of squared errors falls, by 11 % on normally distributed weights. For given codes the best scale is known, Σ
/// i·w·code / Σ i·code² with importance i, and lowers the error by (Σ i·w·code)² / Σ i·code². So several scales are tried for the
/// sake of their codes; the best scale for the best of these gives codes in turn, and the best scale for them is kept.
///
/// The sum of squared errors times importance is no worse than that of plain rounding, except for what is lost in sums of f32, some
/// 1e-7 of the sum of squared weights times importance. `importance` is nil if every input counts the same.
@inline(__always)
func searchScale<Codes: SearchedCodes>(
    _ codes: Codes.Type, _ weights: PanelRows, _ importance: UnsafePointer<Float>?
) -> BlockScale {
    if let importance {
        searchScale(codes, weights) { sums(codes, weights, importance, inverse: $0) }
    } else {
        searchScale(codes, weights) { sums(codes, weights, inverse: $0) }
    }
}

/// `sums` are those of the codes under a scale, given as its inverse.
@inline(__always)
private func searchScale<Codes: SearchedCodes>(
    _: Codes.Type, _ weights: PanelRows, _ sums: (_ inverse: Lanes) -> CodeSums
) -> BlockScale {
    let extreme = extreme(weights)
    let unit = Lanes(repeating: 1) / extreme
    let plain = blockScale(extreme / Lanes(repeating: Codes.plain), extreme: extreme, largestCode: -Codes.plain)
    // Of the codes under the stored scale. With the exact scale, a weight halfway between two codes now and then gets the other one.
    let plainSums = sums(plain.inverse)

    let tried = Codes.tried
    var best = better(plainSums, sums(unit * Lanes(repeating: tried.0)))
    best = better(best, sums(unit * Lanes(repeating: tried.1)))
    best = better(best, sums(unit * Lanes(repeating: tried.2)))
    best = better(best, sums(unit * Lanes(repeating: tried.3)))
    best = sums(Lanes(repeating: 1) / bestScale(best))
    let searched = blockScale(bestScale(best))

    // Rounding to f16 can undo a gain. A larger scale can be beyond f16, and below its normal numbers it is not near the best.
    // Every comparison is false for NaN, which blocks of zeros give.
    let isBetter = gain(best, searched.scale) .> gain(plainSums, plain.scale)
    return select(isBetter .& areNormal(searched), searched, else: plain)
}

/// The weights of the largest magnitude; if two differ only in sign, the negative one.
@inline(__always) private func extreme(_ weights: PanelRows) -> Lanes {
    var lowest = weights[input: 0], highest = weights[input: 0]
    for column in 1..<Tile.block {
        lowest = lowest.smaller(weights[input: column])
        highest = highest.larger(weights[input: column])
    }
    return select(highest .> -lowest, highest, else: lowest)
}

/// What given codes of a block give under any scale: Σ importance · weight · code, and Σ importance · code².
private typealias CodeSums = (products: Lanes, squares: Lanes)

/// For the codes under a scale, given as its inverse, where all inputs count the same.
@inline(__always)
private func sums<Codes: SearchedCodes>(_: Codes.Type, _ weights: PanelRows, inverse: Lanes) -> CodeSums {
    var products = Lanes.zero, squares = Lanes.zero
    for column in 0..<Tile.block {
        let code = Codes.code(weights[input: column], inverse)
        products += code * weights[input: column]
        // Whole numbers below 2^24: exact, however it is rounded.
        squares = addExactSquare(squares, code)
    }
    return (products, squares)
}

/// The same where an error in each input counts by its importance.
@inline(__always)
private func sums<Codes: SearchedCodes>(
    _: Codes.Type, _ weights: PanelRows, _ importance: UnsafePointer<Float>, inverse: Lanes
) -> CodeSums {
    var products = Lanes.zero, squares = Lanes.zero
    for column in 0..<Tile.block {
        let code = Codes.code(weights[input: column], inverse)
        let counted = code * Lanes(repeating: importance[column])
        products += counted * weights[input: column]
        squares += counted * code
    }
    return (products, squares)
}

/// The sums that gain more, lane by lane; the first if none does.
@inline(__always) private func better(_ first: CodeSums, _ second: CodeSums) -> CodeSums {
    let isBetter = bestScale(second) * second.products .> bestScale(first) * first.products
    return (
        select(isBetter, second.products, else: first.products), select(isBetter, second.squares, else: first.squares)
    )
}

/// The scales with the least sum of squared errors.
@inline(__always) private func bestScale(_ sums: CodeSums) -> Lanes { sums.products / sums.squares }

/// By how much scales make the sum of squared errors smaller than that of zeros.
@inline(__always) private func gain(_ sums: CodeSums, _ scale: Lanes) -> Lanes {
    scale * (sums.products + sums.products - scale * sums.squares)
}
