import KernelTypes
import Tiles

/// See `CodecSet.encodeWithFeedback`, and ``ErrorFeedback`` of `Quantization` for what is computed.
@Sendable func encodeWithFeedback(
    _ group: FeedbackGroup, into tiles: UnsafeMutableRawPointer, _ figures: UnsafeMutablePointer<ErrorFigures>
) -> Int {
    encodeWithFeedback(Q4Tile.self, group, into: tiles, figures)
}

@inline(__always)
private func encodeWithFeedback<Codec: FeedbackCodec>(
    _: Codec.Type, _ group: FeedbackGroup, into tiles: UnsafeMutableRawPointer, _ figures: UnsafeMutablePointer<ErrorFigures>
) -> Int {
    forEachRows { FeedbackSearch<Codec>(group, row: $0).findCodes() }
    let tileCount = group.columns / Tile.columns
    for tile in 0..<tileCount {
        var areInRange = true
        forEachRows { row in
            var rowFigures = LaneFigures()
            let found = FeedbackSearch<Codec>(group, row: row)
            found.store(tile, row: row, into: tiles + tile * Codec.layout.byteCount, &rowFigures)
            areInRange = areInRange && rowFigures.isBelow(Codec.overflow)
            rowFigures.merge(into: figures)
        }
        if !areInRange { return tile }
    }
    return tileCount
}

/// The search for the codes of some rows in a group of inputs. What it finds is in the group's memory.
private struct FeedbackSearch<Codec: FeedbackCodec> {
    /// Rounds of step 2; a third lowers the loss by a hundredth.
    @inline(__always) private static var rounds: Int { 2 }

    private let group: FeedbackGroup
    private let weights: PanelRows
    /// e: weight minus stored weight. [columns]
    private let errors: UnsafeMutablePointer<Lanes>
    /// [columns]
    private let codes: UnsafeMutablePointer<Lanes>
    /// Of the current block: (H e)_k, and (H codes)_k with the codes of this block only. [``Tile/block``] each
    private let slopes: UnsafeMutablePointer<Lanes>
    private let codeSlopes: UnsafeMutablePointer<Lanes>
    /// Weights of the current block, moved. [``Tile/block``, ``Tile/rows``]
    private let moved: PanelRows
    /// As stored. [columns / ``Tile/block``]
    private let scales: UnsafeMutablePointer<LaneBits>

    @inline(__always) init(_ group: FeedbackGroup, row: Int) {
        self.group = group
        weights = PanelRows(group.weights + row)
        // Each row has its part of the memory, except for what is moved.
        var free = UnsafeMutableRawPointer(group.memory + row * FeedbackGroup.memoryCountPerRow(columns: group.columns))
        func take<Number>(_ count: Int, as type: Number.Type) -> UnsafeMutablePointer<Number> {
            defer { free += 4 * count * Lanes.scalarCount }
            return free.assumingMemoryBound(to: type)
        }
        errors = take(group.columns, as: Lanes.self)
        codes = take(group.columns, as: Lanes.self)
        slopes = take(Tile.block, as: Lanes.self)
        codeSlopes = take(Tile.block, as: Lanes.self)
        scales = take(group.columns / Tile.block, as: LaneBits.self)
        moved = PanelRows(group.memory + Tile.rows * FeedbackGroup.memoryCountPerRow(columns: group.columns))
    }

    @inline(__always) func findCodes() {
        let blocks = group.columns / Tile.block
        for block in 0..<blocks { feed(block) }
        for _ in 0..<Self.rounds {
            for block in 0..<blocks { descend(block) }
        }
    }

    /// Writes the rows of a tile from `row` on.
    @inline(__always) func store(
        _ tile: Int, row: Int, into bytes: UnsafeMutableRawPointer, _ figures: inout LaneFigures
    ) {
        let column = tile * Tile.columns, block = tile * Tile.blocks
        Codec.store(
            codes + column, BlockScale(halves: scales[block]), BlockScale(halves: scales[block + 1]),
            of: weights.advanced(by: column), row: row, into: bytes, &figures)
    }

    /// Step 1 for a block: sets its codes, errors and scale.
    @inline(__always) private func feed(_ block: Int) {
        let first = block * Tile.block
        let feedback = group.feedback + first * group.columns
        multiply(errors, first, feedback, into: slopes)
        let weights = weights.advanced(by: first)
        let limit = Lanes(repeating: Codec.largestMoved)
        for column in 0..<Tile.block { moved[column] = (weights[column] + slopes[column]).smaller(limit).larger(-limit) }
        let scale = ScaleSearch<Codec>.scale(moved, group.importance + first)
        scales[block] = scale.halves
        for column in 0..<Tile.block {
            let code = Codec.code(moved[column], scale.inverse)
            let error = weights[column] - code * scale.scale
            codes[first + column] = code
            errors[first + column] = error
            let row = feedback + (first + column) * Tile.block
            for other in column + 1..<Tile.block { moved[other] = moved[other] + error * Lanes(repeating: row[other]) }
        }
    }

    /// Step 2 for a block.
    @inline(__always) private func descend(_ block: Int) {
        let first = block * Tile.block
        let moments = group.moments + first * group.columns
        let own = moments + first * Tile.block
        let codes = codes + first
        multiply(errors, group.columns, moments, into: slopes)
        let scale = refit(BlockScale(halves: scales[block]), codes, own)
        scales[block] = scale.halves
        for column in 0..<Tile.block {
            let row = own + column * Tile.block
            // Where this weight would have to be for the least error.
            let aim = codes[column] * scale.scale + slopes[column] * Lanes(repeating: group.inverses[first + column])
            let code = Codec.code(aim, scale.inverse)
            let step = (code - codes[column]) * scale.scale
            codes[column] = code
            errors[first + column] = weights[first + column] - code * scale.scale
            for other in column + 1..<Tile.block { slopes[other] -= step * Lanes(repeating: row[other]) }
        }
    }

    /// The best scale of a block for its codes, or the one it has if no f16 is better. Brings ``slopes`` up to date.
    @inline(__always) private func refit(
        _ scale: BlockScale, _ codes: UnsafePointer<Lanes>, _ moments: UnsafePointer<Float>
    ) -> BlockScale {
        multiply(codes, Tile.block, moments, into: codeSlopes)
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
        let isNormal = other.scale.size .>= Lanes(repeating: 0x1p-14)
        let isTaken = isBetter .& isNormal .& other.isFinite
        let step = select(isTaken, change, else: Lanes.zero)
        for column in 0..<Tile.block { slopes[column] -= step * codeSlopes[column] }
        return BlockScale(where: isTaken, other, else: scale)
    }

    /// results_k = Σ_j numbers_j · matrix[j, k], j from 0 to below `count`, k over a block; the terms are added in the order of j.
    @inline(never) private func multiply(
        _ numbers: UnsafePointer<Lanes>, _ count: Int, _ matrix: UnsafePointer<Float>, into results: UnsafeMutablePointer<Lanes>
    ) {
        for column in stride(from: 0, to: Tile.block, by: ColumnSums.count) {
            var sums = ColumnSums(repeating: .zero)
            for index in 0..<count {
                let number = numbers[index], row = matrix + index * Tile.block + column
                for place in 0..<ColumnSums.count { sums[place] += number * Lanes(repeating: row[place]) }
            }
            for place in 0..<ColumnSums.count { results[column + place] = sums[place] }
        }
    }
}
