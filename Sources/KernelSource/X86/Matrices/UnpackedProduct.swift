import CSIMD
import KernelTypes
import Tiles

// Products of many tokens with weights that are unpacked once: the codes of some rows, as `BlockCodes.load` gives them, in the order
// in which a patch reads them, each block after its scales as f32. So a patch has nothing to do but to multiply, and more of it fits
// the registers.

/// Fewest tokens for which it is worth the while: at 16 it is 8 to 10 % faster with SSE, and as fast as otherwise with AVX2.
@inline(__always) var fewestTokensUnpacked: Int { 16 }

/// See `KernelSet.unpackedStripBytes`.
@Sendable func unpackedStripBytes(_ shape: MatrixShape, _ type: WeightType) -> Int {
    type.isBlockQuantized ? shape.columnTiles * Tile.blocks * stripBlockBytes(StripPatch.self) : 0
}

/// Bytes of a block of unpacked rows: a register of scales, then one per step, each for every register of the patch.
@inline(__always)
private func stripBlockBytes<let registers: Int, let tokens: Int>(_: PatchSums<registers, tokens>.Type) -> Int {
    registers * (1 + Tile.steps) * rowLanes * 4
}

/// The tokens of a strip that fill whole patches; it returns their number, and that of the patches. `origin` is the strip's first
/// output.
@inline(__always)
func multiplyUnpacked<Codes: BlockCodes>(
    _ codes: Codes.Type, _ product: MatrixProduct, _ origin: PatchOrigin, rows: Int, in memory: UnsafeMutableRawPointer
) -> (tokens: Int, passes: Int) { multiplyUnpacked(codes, StripPatch.self, product, origin, rows: rows, in: memory) }

@inline(__always)
private func multiplyUnpacked<Codes: BlockCodes, let registers: Int, let tokens: Int>(
    _ codes: Codes.Type, _ sums: PatchSums<registers, tokens>.Type, _ product: MatrixProduct, _ origin: PatchOrigin, rows: Int,
    in memory: UnsafeMutableRawPointer
) -> (tokens: Int, passes: Int) {
    var first = origin
    for row in stride(from: origin.row, to: origin.row + rows, by: registers * rowLanes) {
        first.row = row
        unpack(codes, sums, product, first, to: memory)
        first.token = 0
        first.pass = 0
        while product.tokens - first.token >= tokens {
            multiplyUnpackedPatch(codes, sums, product, first, memory)
            first.token += tokens
            first.pass += 1
        }
    }
    return (first.token, first.pass)
}

/// Unpacks the rows of a patch.
@inline(never)
private func unpack<Codes: BlockCodes, let registers: Int, let tokens: Int>(
    _: Codes.Type, _: PatchSums<registers, tokens>.Type, _ product: MatrixProduct, _ origin: PatchOrigin,
    to memory: UnsafeMutableRawPointer
) {
    let shape = product.matrix.shape
    let rowBytes = shape.columnTiles * Codes.tileBytes
    let registersPerTile = Tile.rows / rowLanes
    var tile = product.matrix.tiles + (origin.matrix * shape.rowTiles + origin.row / Tile.rows) * rowBytes
    var next = memory

    @_transparent
    func add(block: Int) {
        for register in 0..<registers {
            let row = register % registersPerTile * rowLanes + origin.row % Tile.rows
            let halves = tile + (register / registersPerTile * rowBytes + TileLayout.scaleOffset(row: row, block: block))
            next.storeBytes(of: widen(halves.loadUnaligned(as: RowHalves.self)), as: RowFloats.self)
            next += 4 * rowLanes
        }
        for step in 0..<Tile.steps {
            for register in 0..<registers {
                let row = register % registersPerTile * rowLanes + origin.row % Tile.rows
                let codes = tile + (register / registersPerTile * rowBytes + Codes.type.layout.start(row: row))
                next.storeBytes(of: Codes.unpacked(Codes.load(codes, block: block, step: step)), as: RowBits.self)
                next += 4 * rowLanes
            }
        }
    }

    for _ in 0..<shape.columnTiles {
        add(block: 0)
        add(block: 1)
        tile += Codes.tileBytes
    }
}

/// One patch. For each output the operations and their order are those of `multiplyPatch`, and so the bits.
@inline(never)
private func multiplyUnpackedPatch<Codes: BlockCodes, let registers: Int, let tokens: Int>(
    _: Codes.Type, _ sums: PatchSums<registers, tokens>.Type, _ product: MatrixProduct, _ origin: PatchOrigin,
    _ memory: UnsafeMutableRawPointer
) {
    let shape = product.matrix.shape
    if product.accumulates { fetchOutputs(product, origin.matrix, origin.row, origin.token, registers * rowLanes, tokens) }
    let blocks = shape.columnTiles * Tile.blocks
    // From one token to the next.
    let blockStride = shape.count * blocks
    let codeStride = blockStride * Tile.block
    let firstBlock = origin.token * blockStride + origin.matrix * blocks
    var activations = UnsafeRawPointer(product.quantized.codes + firstBlock * Tile.block)
    var scales = product.quantized.scales + firstBlock
    var totals = product.quantized.sums + firstBlock
    var weights = UnsafeRawPointer(memory)

    // The strip's patches ask for the next strip, each for as many lines as the others, so that reading takes as long as computing.
    let rowBytes = shape.columnTiles * Codes.tileBytes
    let stripTiles = max(1, registers * rowLanes / Tile.rows), tileLines = Codes.tileBytes / 64
    let passes = product.tokens / tokens, share = (stripTiles * tileLines + passes - 1) / passes
    var tile = product.matrix.tiles + (origin.matrix * shape.rowTiles + origin.row / Tile.rows + stripTiles) * rowBytes
    // Where rows of a tile are several patches, the first ones do it.
    let asks = origin.row % Tile.rows == 0

    var results = PatchSums<registers, tokens>(repeating: .init(repeating: .zero))
    var parts = PatchSums<registers, tokens>(repeating: .init(repeating: .zero))

    @_transparent
    func add() {
        var sums = InlineArray<tokens, InlineArray<registers, Codes.Sums>>(repeating: .init(repeating: Codes.zero))
        for token in 0..<tokens {
            for register in 0..<registers { sums[token][register] = Codes.start(total: totals[token * blockStride]) }
        }
        for quad in 0..<Tile.block / 16 {
            forEachOfFour { place in
                separateSteps()
                let codes = weights + (1 + 4 * quad + place) * registers * rowLanes * 4
                for token in 0..<tokens {
                    let four = broadcast(activations + (token * codeStride + 16 * quad), place)
                    for register in 0..<registers {
                        let step = codes.loadUnaligned(fromByteOffset: register * rowLanes * 4, as: RowBits.self)
                        Codes.add(&sums[token][register], Codes.weights(step), four)
                    }
                }
            }
        }
        for register in 0..<registers {
            let weightScale = weights.loadUnaligned(fromByteOffset: register * rowLanes * 4, as: RowFloats.self)
            for token in 0..<tokens {
                let index = token * blockStride
                let sum = floats(Codes.finish(sums[token][register], total: totals[index]))
                if Codes.sharesScales {
                    parts[token][register] = multiplyAdd(parts[token][register], sum, weightScale)
                } else {
                    let scale = weightScale * RowFloats(repeating: scales[index])
                    results[token][register] = multiplyAdd(results[token][register], sum, scale)
                }
            }
        }
        activations += Tile.block
        scales += 1
        totals += 1
        weights += stripBlockBytes(PatchSums<registers, tokens>.self)
    }

    for column in 0..<shape.columnTiles {
        if asks {
            for row in 0..<stripTiles {
                let first = max(0, origin.pass * share - row * tileLines)
                let end = min(tileLines, (origin.pass + 1) * share - row * tileLines)
                fetchAhead(tile + (row * rowBytes + 64 * first), lines: end - first)
            }
        }
        tile += Codes.tileBytes
        add()
        add()
        if Codes.sharesScales, column % 2 > 0 || column + 1 == shape.columnTiles {
            for register in 0..<registers {
                for token in 0..<tokens {
                    let scale = RowFloats(repeating: scales[token * blockStride - 1])
                    results[token][register] = multiplyAdd(results[token][register], parts[token][register], scale)
                    parts[token][register] = .zero
                }
            }
        }
    }
    for token in 0..<tokens {
        for register in 0..<registers { write(results[token][register], register: register, token: token, origin, product) }
    }
}
