import CSIMD
import KernelTypes
import Tiles

// Products of four tokens by SMMLA. Pairs of rows are made in registers, out of two steps; pairs of tokens once for all rows, in
// memory. Fewer tokens gain nothing over dot products of four.

/// The tokens of a patch.
@inline(__always) var fourTokens: Int { 4 }

@inline(__always) private var pairs: Int { 2 }
@inline(__always) private var registerBytes: Int { 4 * rowLanes }
/// Bytes of a block of four tokens: for each group of eight inputs one register per pair.
@inline(__always) private var blockBytes: Int { fourTokens * Tile.block }

/// Makes pairs of the first four tokens' inputs of a matrix. They need less memory than a strip of unpacked weights.
@inline(never)
func pairTokens(_ product: MatrixProduct, _ origin: PatchOrigin, to memory: UnsafeMutableRawPointer) {
    let inputs = inputs(product, origin)
    let codeStride = inputs.stride * Tile.block
    var source = inputs.codes, target = memory
    for _ in 0..<product.matrix.shape.columnTiles * Tile.blocks {
        for half in 0..<2 {
            for pair in 0..<pairs {
                let codes = pairsOfTokens(source + (2 * pair * codeStride + half * Tile.block / 2), stride: codeStride)
                let offset = (2 * half * pairs + pair) * registerBytes
                target.storeBytes(of: codes.first, toByteOffset: offset, as: RowBits.self)
                target.storeBytes(of: codes.second, toByteOffset: offset + pairs * registerBytes, as: RowBits.self)
            }
        }
        source += Tile.block
        target += blockBytes
    }
}

/// A row of tiles for four tokens, of which pairs were made.
func multiplyFourQ8(_ product: MatrixProduct, _ origin: PatchOrigin, _ tokens: UnsafeRawPointer) {
    multiplyFour(Q8Codes.self, product, origin, tokens)
}

/// The same of q4.
func multiplyFourQ4(_ product: MatrixProduct, _ origin: PatchOrigin, _ tokens: UnsafeRawPointer) {
    multiplyFour(Q4Codes.self, product, origin, tokens)
}

@inline(__always)
private func multiplyFour<Codes: ByteCodes>(
    _ codes: Codes.Type, _ product: MatrixProduct, _ origin: PatchOrigin, _ tokens: UnsafeRawPointer
) where Codes.Sums == RowInts {
    for row in stride(from: origin.row, to: origin.row + Tile.rows, by: rowLanes) {
        multiplyPatch(codes, product, (origin.matrix, row, origin.token, origin.pass), tokens)
    }
}

/// Four rows, whose sums stay in registers over all columns. For each output the blocks are added in order, as in a patch of tiles.
@inline(never)
private func multiplyPatch<Codes: ByteCodes>(
    _: Codes.Type, _ product: MatrixProduct, _ origin: PatchOrigin, _ tokens: UnsafeRawPointer
) where Codes.Sums == RowInts {
    let columnTiles = product.matrix.shape.columnTiles
    let firstRow = origin.row % Tile.rows
    var tile = Codes.firstTile(product.matrix, origin)
    var inputs = inputs(product, origin)
    var tokens = tokens
    var results = PatchSums<2, 2>(repeating: .init(repeating: .zero))
    // Sums of the blocks since the last scale, where several share one.
    var parts = PatchSums<2, 2>(repeating: .init(repeating: .zero))

    /// Two steps of the rows of a block, as two pairs with eight inputs each.
    @_transparent
    func load(group: Int, block: Int) -> BlockPair {
        let stored = tile + Codes.type.layout.start(row: firstRow)
        return pairsOfRows(
            Codes.load(stored, block: block, step: 2 * group), Codes.load(stored, block: block, step: 2 * group + 1))
    }

    /// A group of a pair of tokens.
    @_transparent
    func loadTokens(_ pair: Int, group: Int, block: Int) -> RowBits {
        let offset = block * blockBytes + (group * pairs + pair) * registerBytes
        return tokens.loadUnaligned(fromByteOffset: offset, as: RowBits.self)
    }

    /// The sums of a pair of tokens before the first step.
    @_transparent
    func start(_ pair: Int, block: Int) -> RowInts {
        let totals = inputs.totals + (2 * pair * inputs.stride + block)
        return startOfPairs(Codes.excess(totals[0]), Codes.excess(totals[inputs.stride]))
    }

    /// Adds a block's sums of products.
    @_transparent
    func add(_ sums: InlineArray<2, InlineArray<2, RowInts>>, block: Int) {
        let scales = pairsOfScales(tile, row: firstRow, block: block)
        for pair in 0..<pairs {
            let low = Codes.value(sums[pair][0], excess: 0), high = Codes.value(sums[pair][1], excess: 0)
            if Codes.sharesScales {
                parts[pair][0] = multiplyAdd(parts[pair][0], low, scales.low)
                parts[pair][1] = multiplyAdd(parts[pair][1], high, scales.high)
            } else {
                let scale = scalesOfTokens(inputs, pair: pair, block)
                results[pair][0] = multiplyAdd(results[pair][0], low, scales.low * scale)
                results[pair][1] = multiplyAdd(results[pair][1], high, scales.high * scale)
            }
        }
    }

    for column in 0..<columnTiles {
        var first = InlineArray<2, InlineArray<2, RowInts>>(repeating: .init(repeating: .zero)), second = first
        for pair in 0..<pairs {
            for rows in 0..<pairs {
                first[pair][rows] = start(pair, block: 0)
                second[pair][rows] = start(pair, block: 1)
            }
        }
        forEachGroup { group in
            let stored = load(group: group, block: 0)
            var low = stored, high = stored
            if Codes.sharesBytes {
                let (lowRows, highRows) = (nibbles(stored.first), nibbles(stored.second))
                low = (lowRows.first, highRows.first)
                high = (lowRows.second, highRows.second)
            } else {
                high = load(group: group, block: 1)
            }
            for pair in 0..<pairs {
                let tokens = (loadTokens(pair, group: group, block: 0), loadTokens(pair, group: group, block: 1))
                first[pair][0] = csimd_multiply_pairs_x4(first[pair][0], low.first, tokens.0)
                first[pair][1] = csimd_multiply_pairs_x4(first[pair][1], low.second, tokens.0)
                second[pair][0] = csimd_multiply_pairs_x4(second[pair][0], high.first, tokens.1)
                second[pair][1] = csimd_multiply_pairs_x4(second[pair][1], high.second, tokens.1)
            }
        }
        add(first, block: 0)
        add(second, block: 1)
        tile += Codes.tileBytes
        tokens += Tile.blocks * blockBytes
        inputs.scales += Tile.blocks
        inputs.totals += Tile.blocks
        // A scale is for two tiles, the last one perhaps for one.
        if Codes.sharesScales, column % 2 > 0 || column + 1 == columnTiles {
            for pair in 0..<pairs {
                let scale = scalesOfTokens(inputs, pair: pair, -1)
                for rows in 0..<pairs {
                    results[pair][rows] = multiplyAdd(results[pair][rows], parts[pair][rows], scale)
                    parts[pair][rows] = .zero
                }
            }
        }
    }
    for pair in 0..<pairs { writePairs(results[pair][0], results[pair][1], register: 0, pair: pair, origin, product) }
}
