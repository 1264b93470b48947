import Tiles

/// Finds q4 codes whose errors make up for each other in what the matrix computes, on one thread.
///
/// The search for scales alone (``TileEncoder``) keeps each weight's error small. But inputs go together, so an error in one weight
/// can be undone in others. What is made small here is eᵀ H e, e being a row's errors in a group of inputs and H the inputs'
/// moments (``InputCovariance``):
///
/// 1. Block by block, the weights are moved by the errors of those before them, the block's scale is searched for what they are
///    then, and weight by weight the nearest code is taken and its error handed on (GPTQ, arXiv:2210.17323, in the form of LDLQ,
///    arXiv:2307.13304: errors are those of the original weights, so that H is factorized and never inverted).
/// 2. Twice, block by block: the scale, then each code in turn, is set to the best value while all others stay. Neither raises eᵀ H
///    e, except by rounding.
///
/// Rows are lanes: each row's sums are the same sequence of single operations in f32 on all machines.
public final class ErrorFeedback {
    /// Rounds of step 2; a third lowers the loss by a hundredth.
    private static let rounds = 2
    /// What moved weights are limited to, so that their scales fit f16.
    private static let limit: Float = 65_500 * -ScaleSearch.lowestCode

    /// e: weight minus stored weight. [``InputCovariance/group``]
    private let errors: UnsafeMutablePointer<Lanes>
    /// [``InputCovariance/group``]
    private let codes: UnsafeMutablePointer<Lanes>
    /// Of the current block: (H e)_k, and (H codes)_k with the codes of this block only. [``Tile/block``] each
    private let slopes: UnsafeMutablePointer<Lanes>
    private let codeSlopes: UnsafeMutablePointer<Lanes>
    /// Weights of the current block, moved. [``Tile/block``, ``Tile/rows``]
    private let moved: UnsafeMutablePointer<Float>
    /// Per block.
    private var scales: [BlockScale] = []

    /// Memory for groups of any size.
    public init() {
        errors = .allocate(capacity: InputCovariance.group)
        errors.initialize(repeating: .zero, count: InputCovariance.group)
        codes = .allocate(capacity: InputCovariance.group)
        codes.initialize(repeating: .zero, count: InputCovariance.group)
        slopes = .allocate(capacity: Tile.block)
        slopes.initialize(repeating: .zero, count: Tile.block)
        codeSlopes = .allocate(capacity: Tile.block)
        codeSlopes.initialize(repeating: .zero, count: Tile.block)
        moved = .allocate(capacity: Tile.block * Tile.rows)
        moved.initialize(repeating: 0, count: Tile.block * Tile.rows)
    }

    deinit {
        for lanes in [errors, codes, slopes, codeSlopes] { lanes.deallocate() }
        moved.deallocate()
    }

    /// Writes the q4 tiles of a panel, and returns how far they are from it: further, weight by weight, than the tiles of
    /// ``TileEncoder/encode(_:into:)``, while results computed with them are nearer.
    ///
    /// `covariances` are those of all its inputs, group by group. `tiles` has room for ``Panel/columnTiles`` tiles and is 4-byte
    /// aligned. Throws for a weight from 8 · 65,520 on.
    public func encode(
        _ panel: Panel, _ covariances: some Collection<InputCovariance>, into tiles: UnsafeMutableRawPointer
    ) throws(QuantizationError) -> ErrorFigures {
        precondition(covariances.reduce(0) { $0 + $1.columns } == panel.paddedColumns, "covariances of all inputs")
        var figures = ErrorFigures()
        var firstTile = 0
        for covariance in covariances {
            let count = covariance.columns / Tile.columns
            for half in HalfTile.allCases {
                let weights = HalfPanel(panel, half, column: firstTile * Tile.columns)
                findCodes(of: weights, covariance)
                for tile in 0..<count {
                    let bytes = tiles + (firstTile + tile) * WeightType.q4.bytesPerTile
                    guard let part = store(weights, tile: tile, half, into: bytes) else {
                        throw QuantizationError(largestOf: panel, tile: firstTile + tile)
                    }
                    figures.merge(ErrorFigures(part))
                }
            }
            firstTile += count
        }
        return figures
    }

    /// Writes a tile of the current group; nil if a weight is too large.
    private func store(
        _ weights: HalfPanel, tile: Int, _ half: HalfTile, into bytes: UnsafeMutableRawPointer
    ) -> LaneFigures? {
        var figures = LaneFigures()
        let column = tile * Tile.columns
        let isInRange = Q4Tile.store(
            codes + column, scales[tile * Tile.blocks], scales[tile * Tile.blocks + 1], of: weights.advanced(by: column), half,
            into: bytes, &figures)
        return isInRange ? figures : nil
    }

    /// Sets ``codes`` and ``scales`` for weights of a group of inputs.
    private func findCodes(of weights: HalfPanel, _ covariance: InputCovariance) {
        let blocks = covariance.columns / Tile.block
        scales.removeAll(keepingCapacity: true)
        for block in 0..<blocks { scales.append(feed(weights, block, covariance)) }
        for _ in 0..<Self.rounds {
            for block in 0..<blocks { descend(weights, block, covariance) }
        }
    }

    /// Step 1 for a block: sets its codes and errors, and returns its scale.
    private func feed(_ weights: HalfPanel, _ block: Int, _ covariance: InputCovariance) -> BlockScale {
        let first = block * Tile.block, columns = covariance.columns
        multiply(errors, first, covariance.feedback + first, columns, into: slopes)
        let weights = weights.advanced(by: first), moved = HalfPanel(values: moved)
        let limit = Lanes(repeating: Self.limit)
        for column in 0..<Tile.block { moved[column] = (weights[column] + slopes[column]).smaller(limit).larger(-limit) }
        let scale = ScaleSearch.scale(moved, covariance.importance + first)
        for column in 0..<Tile.block {
            let code = ScaleSearch.code(moved[column], scale.inverse)
            let error = weights[column] - code * scale.scale
            codes[first + column] = code
            errors[first + column] = error
            let row = covariance.feedback + (first + column) * columns + first
            for other in column + 1..<Tile.block { moved[other] = moved[other] + error * Lanes(repeating: row[other]) }
        }
        return scale
    }

    /// Step 2 for a block.
    private func descend(_ weights: HalfPanel, _ block: Int, _ covariance: InputCovariance) {
        let first = block * Tile.block, columns = covariance.columns
        let moments = covariance.moments + first * columns + first
        let codes = codes + first
        multiply(errors, columns, covariance.moments + first, columns, into: slopes)
        let scale = refit(scales[block], codes, moments, columns)
        scales[block] = scale
        for column in 0..<Tile.block {
            let row = moments + column * columns
            // Where this weight would have to be for the least error.
            let aim = codes[column] * scale.scale + slopes[column] * Lanes(repeating: covariance.inverses[first + column])
            let code = ScaleSearch.code(aim, scale.inverse)
            let step = (code - codes[column]) * scale.scale
            codes[column] = code
            errors[first + column] = weights[first + column] - code * scale.scale
            for other in column + 1..<Tile.block { slopes[other] -= step * Lanes(repeating: row[other]) }
        }
    }

    /// The best scale of a block for its codes, or the one it has if no f16 is better. Brings ``slopes`` up to date.
    @inline(__always) private func refit(
        _ scale: BlockScale, _ codes: UnsafePointer<Lanes>, _ moments: UnsafePointer<Float>, _ columns: Int
    ) -> BlockScale {
        multiply(codes, Tile.block, moments, columns, into: codeSlopes)
        // A scale larger by d lowers the error by d (2 · gain - d · cost).
        var gain = Lanes.zero, cost = Lanes.zero
        for column in 0..<Tile.block {
            gain += codes[column] * slopes[column]
            cost += codes[column] * codeSlopes[column]
        }
        // Every comparison is false for NaN, which codes of 0 give.
        let other = BlockScale(scale.scale + gain / cost)
        let change = other.scale - scale.scale
        let isBetter = change * (gain + gain - change * cost) .> Lanes.zero
        let isNormal = other.scale.magnitude .>= Lanes(repeating: 0x1p-14)
        let isTaken = isBetter .& isNormal .& other.isFinite
        let step = Lanes(where: isTaken, change, else: .zero)
        for column in 0..<Tile.block { slopes[column] -= step * codeSlopes[column] }
        return BlockScale(where: isTaken, other, else: scale)
    }

    /// results_k = Σ_j numbers_j · matrix[j, k], j from 0 to below `count`, k over a block; the terms are added in the order of j.
    @inline(__always) private func multiply(
        _ numbers: UnsafePointer<Lanes>, _ count: Int, _ matrix: UnsafePointer<Float>, _ columns: Int,
        into results: UnsafeMutablePointer<Lanes>
    ) {
        // Sums of four columns fit the registers.
        for column in stride(from: 0, to: Tile.block, by: 4) {
            var first = Lanes.zero, second = Lanes.zero, third = Lanes.zero, fourth = Lanes.zero
            for index in 0..<count {
                let number = numbers[index], row = matrix + index * columns + column
                first += number * Lanes(repeating: row[0])
                second += number * Lanes(repeating: row[1])
                third += number * Lanes(repeating: row[2])
                fourth += number * Lanes(repeating: row[3])
            }
            results[column] = first
            results[column + 1] = second
            results[column + 2] = third
            results[column + 3] = fourth
        }
    }
}
