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
    _ codec: Codec.Type, _ group: FeedbackGroup, into tiles: UnsafeMutableRawPointer, _ figures: UnsafeMutablePointer<ErrorFigures>
) -> Int {
    forEachRows { findCodes(codec, group, $0) }
    let tileCount = group.columns / Tile.columns
    for tile in 0..<tileCount {
        let column = tile * Tile.columns, block = tile * Tile.blocks
        var areInRange = true
        forEachRows { row in
            var rowFigures = noFigures
            let (found, scales) = (errors(group, row) + group.columns, scales(group, row))
            Codec.store(
                found + column, blockScale(halves: scales[block]), blockScale(halves: scales[block + 1]),
                of: (group.weights + row).from(input: column), row: row, into: tiles + tile * Codec.layout.byteCount, &rowFigures)
            areInRange = areInRange && areBelow(Codec.overflow, rowFigures.largestWeight)
            merge(rowFigures, into: figures)
        }
        if !areInRange { return tile }
    }
    return tileCount
}

/// Rounds of step 2; a third lowers the loss by a hundredth.
@inline(__always) private var rounds: Int { 2 }

// The group's memory. Each row has a part of it: errors and codes [columns], then of the current block two sums for each input
// (``slopes``), then the scales as they are stored [columns / block]. Behind those of all rows are the current block's moved weights.

/// e: weight minus stored weight. [columns] After them the codes. [columns]
@inline(__always) private func errors(_ group: FeedbackGroup, _ row: Int) -> UnsafeMutablePointer<Lanes> {
    UnsafeMutableRawPointer(group.memory + row * FeedbackGroup.memoryCountPerRow(columns: group.columns))
        .assumingMemoryBound(to: Lanes.self)
}

/// Of the current block: (H e)_k, then (H codes)_k with the codes of this block only. [``Tile/block``] each
@inline(__always) private func slopes(_ group: FeedbackGroup, _ row: Int) -> UnsafeMutablePointer<Lanes> {
    errors(group, row) + 2 * group.columns
}

@inline(__always) private func scales(_ group: FeedbackGroup, _ row: Int) -> UnsafeMutablePointer<LaneBits> {
    UnsafeMutableRawPointer(slopes(group, row) + 2 * Tile.block).assumingMemoryBound(to: LaneBits.self)
}

@inline(__always) private func findCodes<Codec: FeedbackCodec>(_ codec: Codec.Type, _ group: FeedbackGroup, _ row: Int) {
    let blocks = group.columns / Tile.block
    for block in 0..<blocks { feed(codec, group, row, block) }
    for _ in 0..<rounds {
        for block in 0..<blocks { descend(codec, group, row, block) }
    }
}

/// Step 1 for a block: sets its codes, errors and scale.
@inline(__always)
private func feed<Codec: FeedbackCodec>(_ codec: Codec.Type, _ group: FeedbackGroup, _ row: Int, _ block: Int) {
    let first = block * Tile.block
    let errors = errors(group, row), codes = errors + group.columns, slopes = slopes(group, row)
    let moved = group.memory + Tile.rows * FeedbackGroup.memoryCountPerRow(columns: group.columns)
    let feedback = group.feedback + first * group.columns
    multiply(errors, first, feedback, into: slopes)
    let weights = (group.weights + row).from(input: first)
    let limit = Lanes(repeating: Codec.largestMoved)
    for column in 0..<Tile.block {
        moved[input: column] = (weights[input: column] + slopes[column]).smaller(limit).larger(-limit)
    }
    let scale = searchScale(codec, moved, group.importance + first)
    scales(group, row)[block] = scale.halves
    for column in 0..<Tile.block {
        let code = Codec.code(moved[input: column], scale.inverse)
        let error = weights[input: column] - code * scale.scale
        codes[first + column] = code
        errors[first + column] = error
        let row = feedback + (first + column) * Tile.block
        for other in column + 1..<Tile.block {
            moved[input: other] = moved[input: other] + error * Lanes(repeating: row[other])
        }
    }
}

/// Step 2 for a block.
@inline(__always)
private func descend<Codec: FeedbackCodec>(_: Codec.Type, _ group: FeedbackGroup, _ row: Int, _ block: Int) {
    let first = block * Tile.block
    let errors = errors(group, row), codes = errors + (group.columns + first), slopes = slopes(group, row)
    let moments = group.moments + first * group.columns
    let own = moments + first * Tile.block
    let weights = (group.weights + row).from(input: first)
    multiply(errors, group.columns, moments, into: slopes)
    let scale = refit(blockScale(halves: scales(group, row)[block]), codes, own, slopes)
    scales(group, row)[block] = scale.halves
    for column in 0..<Tile.block {
        let row = own + column * Tile.block
        // Where this weight would have to be for the least error.
        let aim = codes[column] * scale.scale + slopes[column] * Lanes(repeating: group.inverses[first + column])
        let code = Codec.code(aim, scale.inverse)
        let step = (code - codes[column]) * scale.scale
        codes[column] = code
        errors[first + column] = weights[input: column] - code * scale.scale
        for other in column + 1..<Tile.block { slopes[other] -= step * Lanes(repeating: row[other]) }
    }
}

/// The best scale of a block for its codes, or the one it has if no f16 is better. Brings ``slopes`` up to date.
@inline(__always)
private func refit(
    _ scale: BlockScale, _ codes: UnsafePointer<Lanes>, _ moments: UnsafePointer<Float>, _ slopes: UnsafeMutablePointer<Lanes>
) -> BlockScale {
    let codeSlopes = slopes + Tile.block
    multiply(codes, Tile.block, moments, into: codeSlopes)
    // A scale larger by d lowers the error by d (2 · gain - d · cost).
    var gain = Lanes.zero, cost = Lanes.zero
    for column in 0..<Tile.block {
        gain += codes[column] * slopes[column]
        cost += codes[column] * codeSlopes[column]
    }
    // Every comparison is false for NaN, which codes of 0 give.
    let other = blockScale(scale.scale + gain / cost)
    let change = other.scale - scale.scale
    let isBetter = change * (gain + gain - change * cost) .> Lanes.zero
    let isTaken = isBetter .& areNormal(other)
    let step = select(isTaken, change, else: Lanes.zero)
    for column in 0..<Tile.block { slopes[column] -= step * codeSlopes[column] }
    return select(isTaken, other, else: scale)
}

/// results_k = Σ_j numbers_j · matrix[j, k], j from 0 to below `count`, k over a block; the terms are added in the order of j.
@inline(never)
private func multiply(
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
