import CSIMD
import KernelTypes
import Tiles

// Products of many tokens by SMMLA, with weights that are unpacked once, into pairs of rows. Two tokens become pairs in a patch.

/// A patch: two pairs of tokens × four pairs of rows. More rows would take fewer instructions to make pairs of tokens, but the strip
/// would be too large for the nearest cache.
private typealias PairSums = PatchSums<4, 2>
@inline(__always) private var rowPairs: Int { 4 }
@inline(__always) private var tokenPairs: Int { 2 }
@inline(__always) private var patchRows: Int { 2 * rowPairs }
@inline(__always) private var patchTokens: Int { 2 * tokenPairs }

/// Fewest tokens for which unpacking is worth the while.
@inline(__always) var fewestTokensUnpacked: Int { 8 }

@inline(__always) private var registerBytes: Int { 4 * rowLanes }
/// Bytes of a block of unpacked rows: a register of scales for each pair, then for each pair one per two steps.
@inline(__always) private var blockBytes: Int { rowPairs * (1 + Tile.steps / 2) * registerBytes }

/// See `KernelSet.unpackedStripBytes`.
@Sendable func unpackedStripBytes(_ shape: MatrixShape, _ type: WeightType) -> Int {
    type.isBlockQuantized ? shape.columnTiles * Tile.blocks * blockBytes : 0
}

/// The tokens of a strip that fill whole patches; returns the numbers of both. `origin` is the strip's first output.
func multiplyStripQ8(
    _ product: MatrixProduct, _ origin: PatchOrigin, rows: Int, _ strip: UnsafeMutableRawPointer
) -> (tokens: Int, passes: Int) {
    multiplyStrip(Q8Codes.self, product, origin, rows: rows, strip)
}

/// The same of q4.
func multiplyStripQ4(
    _ product: MatrixProduct, _ origin: PatchOrigin, rows: Int, _ strip: UnsafeMutableRawPointer
) -> (tokens: Int, passes: Int) {
    multiplyStrip(Q4Codes.self, product, origin, rows: rows, strip)
}

@inline(__always)
private func multiplyStrip<Codes: ByteCodes>(
    _ codes: Codes.Type, _ product: MatrixProduct, _ origin: PatchOrigin, rows: Int, _ strip: UnsafeMutableRawPointer
) -> (tokens: Int, passes: Int) where Codes.Sums == RowInts {
    var first = origin
    for row in stride(from: origin.row, to: origin.row + rows, by: patchRows) {
        first.row = row
        unpack(codes, product, first, to: strip)
        first.token = 0
        first.pass = 0
        while product.tokens - first.token >= patchTokens {
            multiplyPatch(codes, product, first, strip)
            first.token += patchTokens
            first.pass += 1
        }
    }
    return (first.token, first.pass)
}

/// Unpacks the rows of a patch.
@inline(never)
private func unpack<Codes: ByteCodes>(
    _: Codes.Type, _ product: MatrixProduct, _ origin: PatchOrigin, to strip: UnsafeMutableRawPointer
) {
    let firstRow = origin.row % Tile.rows
    var tile = Codes.firstTile(product.matrix, origin)
    var target = strip

    /// Stores those of a pair of rows and of the next one.
    @_transparent
    func store(_ pairs: BlockPair, pair: Int, group: Int, block: Int) {
        let offset = block * blockBytes + (group * rowPairs + pair) * registerBytes
        target.storeBytes(of: pairs.first, toByteOffset: offset, as: RowBits.self)
        target.storeBytes(of: pairs.second, toByteOffset: offset + registerBytes, as: RowBits.self)
    }

    for _ in 0..<product.matrix.shape.columnTiles {
        for pair in stride(from: 0, to: rowPairs, by: 2) {
            let row = firstRow + 2 * pair
            let stored = tile + Codes.type.layout.start(row: row)
            for block in 0..<Tile.blocks {
                let scales = unsafeBitCast(weightScales(tile, row: row, block: block), to: RowBits.self)
                store(pairsOfRows(scales, scales), pair: pair, group: 0, block: block)
            }
            for step in stride(from: 0, to: Tile.steps, by: 2) {
                let group = 1 + step / 2
                let first = pairsOfRows(Codes.load(stored, block: 0, step: step), Codes.load(stored, block: 0, step: step + 1))
                if Codes.sharesBytes {
                    let low = nibbles(first.first), high = nibbles(first.second)
                    store((Codes.signed(low.first), Codes.signed(high.first)), pair: pair, group: group, block: 0)
                    store((Codes.signed(low.second), Codes.signed(high.second)), pair: pair, group: group, block: 1)
                } else {
                    let second = pairsOfRows(Codes.load(stored, block: 1, step: step), Codes.load(stored, block: 1, step: step + 1))
                    store((Codes.signed(first.first), Codes.signed(first.second)), pair: pair, group: group, block: 0)
                    store((Codes.signed(second.first), Codes.signed(second.second)), pair: pair, group: group, block: 1)
                }
            }
        }
        tile += Codes.tileBytes
        target += Tile.blocks * blockBytes
    }
}

/// One patch, whose sums stay in registers over all columns. For each output the blocks are added in order, as in a patch of tiles.
///
/// What is loaded is loaded some instructions before it is used, in place of what was used last.
@inline(never)
private func multiplyPatch<Codes: ByteCodes>(
    _: Codes.Type, _ product: MatrixProduct, _ origin: PatchOrigin, _ strip: UnsafeRawPointer
) where Codes.Sums == RowInts {
    var inputs = inputs(product, origin)
    var weights = strip
    let codeStride = inputs.stride * Tile.block
    var results = PairSums(repeating: .init(repeating: .zero))

    /// A register of a pair of rows: the scales, or the codes of a group of eight inputs.
    @_transparent
    func load(_ pair: Int, group: Int) -> RowBits {
        weights.loadUnaligned(fromByteOffset: (group * rowPairs + pair) * registerBytes, as: RowBits.self)
    }

    /// Two groups of a half of a block of a pair of tokens.
    @_transparent
    func loadTokens(_ pair: Int, half: Int) -> BlockPair {
        pairsOfTokens(inputs.codes + (2 * pair * codeStride + half * Tile.block / 2), stride: codeStride)
    }

    /// Adds a block to `results`, or to `parts` before the scale that it shares with others. Transparent, as in other patches.
    @_transparent
    func add(_ parts: inout PairSums) {
        var sums = InlineArray<2, InlineArray<4, RowInts>>(repeating: .init(repeating: .zero))
        var codes = InlineArray<4, RowBits>(repeating: .zero)
        var low = InlineArray<2, RowBits>(repeating: .zero), high = low
        for pair in 0..<tokenPairs { (low[pair], high[pair]) = loadTokens(pair, half: 0) }
        for pair in 0..<rowPairs {
            codes[pair] = load(pair, group: 1)
            for token in 0..<tokenPairs { sums[token][pair] = Codes.start(excess: 0) }
        }
        forEachGroup { group in
            for pair in 0..<rowPairs {
                for token in 0..<tokenPairs {
                    sums[token][pair] = csimd_multiply_pairs_x4(
                        sums[token][pair], codes[pair], group % 2 == 0 ? low[token] : high[token])
                }
                if group + 1 < Tile.steps / 2 { codes[pair] = load(pair, group: group + 2) }
            }
            if group == Tile.steps / 4 - 1 {
                for pair in 0..<tokenPairs { (low[pair], high[pair]) = loadTokens(pair, half: 1) }
            }
        }
        if Codes.sharesScales {
            for pair in 0..<rowPairs {
                let scales = unsafeBitCast(load(pair, group: 0), to: RowFloats.self)
                for token in 0..<tokenPairs {
                    parts[token][pair] = multiplyAdd(parts[token][pair], Codes.value(sums[token][pair], excess: 0), scales)
                }
            }
        } else {
            for token in 0..<tokenPairs {
                let scale = scalesOfTokens(inputs, pair: token, 0)
                for pair in 0..<rowPairs {
                    let factor = unsafeBitCast(load(pair, group: 0), to: RowFloats.self) * scale
                    results[token][pair] = multiplyAdd(results[token][pair], Codes.value(sums[token][pair], excess: 0), factor)
                }
            }
        }
        weights += blockBytes
        inputs.codes += Tile.block
        inputs.scales += 1
    }

    var left = product.matrix.shape.columnTiles * Tile.blocks
    while left > 0 {
        var parts = PairSums(repeating: .init(repeating: .zero))
        let count = min(left, Codes.blocksPerScale)
        for _ in 0..<count { add(&parts) }
        left -= count
        if Codes.sharesScales {
            for token in 0..<tokenPairs {
                let scale = scalesOfTokens(inputs, pair: token, -1)
                for pair in 0..<rowPairs { results[token][pair] = multiplyAdd(results[token][pair], parts[token][pair], scale) }
            }
        }
    }
    for token in 0..<tokenPairs {
        for pair in stride(from: 0, to: rowPairs, by: 2) {
            writePairs(results[token][pair], results[token][pair + 1], register: pair / 2, pair: token, origin, product)
        }
    }
}
