import CSIMD
import KernelTypes
import Tiles

// Products of q8 and q4 matrices. The generic functions are private, and all in this file, so that only these two versions of them
// exist: a third one, for any codes, would share code with other modules.

func multiplyQ8(_ product: MatrixProduct, _ rowTiles: Range<Int>, _ memory: UnsafeMutableRawPointer?, asksForEachLine: Bool) {
    multiply(
        Q8Codes.self, IntegerPatch.self, IntegerFewPatch.self, IntegerTokenPatch.self, product, rowTiles, memory, asksForEachLine)
}

func multiplyQ4(_ product: MatrixProduct, _ rowTiles: Range<Int>, _ memory: UnsafeMutableRawPointer?, asksForEachLine: Bool) {
    multiply(
        Q4Codes.self, IntegerPatch.self, IntegerFewPatch.self, IntegerTokenPatch.self, product, rowTiles, memory, asksForEachLine)
}

@inline(__always)
private func multiply<
    Codes: BlockCodes, let registers: Int, let tokens: Int, let fewRegisters: Int, let fewTokens: Int, let registersPerTile: Int
>(
    _ codes: Codes.Type, _ full: PatchSums<registers, tokens>.Type, _ few: PatchSums<fewRegisters, fewTokens>.Type,
    _ token: PatchSums<registersPerTile, 1>.Type, _ product: MatrixProduct, _ rowTiles: Range<Int>,
    _ memory: UnsafeMutableRawPointer?, _ asksForEachLine: Bool
) {
    forEachPatch(
        product, rowTiles, patchRows: registers * rowLanes, patchTokens: tokens, fewRows: fewRegisters * rowLanes,
        most: {
            guard let memory, product.tokens >= fewestTokensUnpacked else { return (0, 0) }
            return multiplyUnpacked(codes, product, $0, rows: $1, in: memory)
        },
        full: { multiplyPatch(codes, full, FirstLines.self, product, $0) },
        few: {
            switch $1 {
            case 2: multiplyFew(codes, PatchSums<fewRegisters, 2>.self, product, $0)
            case 3: multiplyFew(codes, PatchSums<fewRegisters, 3>.self, product, $0)
            default: multiplyFew(codes, PatchSums<fewRegisters, 4>.self, product, $0)
            }
        },
        token: {
            if asksForEachLine {
                multiplyPatch(codes, token, EachLine.self, product, $0)
            } else {
                multiplyPatch(codes, token, FirstLines.self, product, $0)
            }
        })
}

/// A patch of a few tokens, in a function of its own: with all shapes in one, the compiler keeps fewer sums in registers.
@inline(never)
private func multiplyFew<Codes: BlockCodes, let registers: Int, let tokens: Int>(
    _ codes: Codes.Type, _ sums: PatchSums<registers, tokens>.Type, _ product: MatrixProduct, _ origin: PatchOrigin
) { multiplyPatch(codes, sums, FirstLines.self, product, origin) }

/// One patch, whose sums stay in registers over all columns.
///
/// Registers beyond a tile continue in the next row of tiles. For each output the blocks are added in order, whatever the patch's
/// shape, so that all shapes give the same bits.
@inline(__always)
private func multiplyPatch<Codes: BlockCodes, Lines: LineRequests, let registers: Int, let tokens: Int>(
    _: Codes.Type, _: PatchSums<registers, tokens>.Type, _: Lines.Type, _ product: MatrixProduct, _ origin: PatchOrigin
) {
    let shape = product.matrix.shape
    let rowBytes = shape.columnTiles * Codes.tileBytes
    let firstRow = origin.row % Tile.rows
    var tile = product.matrix.tiles + (origin.matrix * shape.rowTiles + origin.row / Tile.rows) * rowBytes

    let blocks = shape.columnTiles * Tile.blocks
    // From one token to the next.
    let blockStride = shape.count * blocks
    let codeStride = blockStride * Tile.block
    let firstBlock = origin.token * blockStride + origin.matrix * blocks
    var activations = UnsafeRawPointer(product.quantized.codes + firstBlock * Tile.block)
    var scales = product.quantized.scales + firstBlock
    var totals = product.quantized.sums + firstBlock

    let registersPerTile = Tile.rows / rowLanes
    var results = PatchSums<registers, tokens>(repeating: .init(repeating: .zero))
    // Sums of the blocks since the last scale, where several share one.
    var parts = PatchSums<registers, tokens>(repeating: .init(repeating: .zero))

    // A strip's first patches ask for the next strip, for which the processor's own prefetching comes too late: this saves a
    // seventh of the time for 64 tokens. If there are too few patches for that, the first one asks for what it soon needs itself.
    let stripTiles = max(1, registers / registersPerTile)
    let isSoon = product.tokens <= fewTokens && origin.pass == 0
    let columnsAhead = bytesAhead / Codes.tileBytes, soonBytes = columnsAhead * Codes.tileBytes
    let lines = Codes.linesSoon(tokens: tokens)
    let ahead = InlineArray<4, Int> { lineAhead(4 * origin.pass + $0, stripTiles: stripTiles, rowBytes, Codes.tileBytes) }

    /// Asks for the lines that take the place of line `number` of this tile later, the farther ones from memory.
    @_transparent
    func fetchLine(_ number: Int) {
        fetchAhead(tile + (bytesAhead + 64 * number))
        fetchNear(tile + (bytesNear + 64 * number))
    }

    /// Adds a block of a tile: with a constant for `block`, so that q4's shift is a constant too. Transparent, since the
    /// compiler doesn't keep `__always` where it finds the caller too large; sums would then not stay in registers.
    @_transparent
    func add(block: Int) {
        var sums = InlineArray<tokens, InlineArray<registers, Codes.Sums>>(repeating: .init(repeating: Codes.zero))
        for token in 0..<tokens {
            for register in 0..<registers { sums[token][register] = Codes.start(total: totals[token * blockStride]) }
        }
        for quad in 0..<Tile.block / 16 {
            forEachOfFour { place in
                separateSteps()
                if tokens == 1, Lines.areForEach, (Tile.steps * block + 4 * quad + place) % Codes.stepsPerLine == 0 {
                    fetchLine(1 + (Tile.steps * block + 4 * quad + place) / Codes.stepsPerLine)
                }
                for register in 0..<registers {
                    let row = register % registersPerTile * rowLanes + firstRow
                    let codes = tile + (register / registersPerTile * rowBytes + Codes.type.layout.start(row: row))
                    let weights = Codes.load(codes, block: block, step: 4 * quad + place)
                    for token in 0..<tokens {
                        let four = broadcast(activations + (token * codeStride + 16 * quad), place)
                        Codes.add(&sums[token][register], weights, four)
                    }
                }
            }
        }
        for register in 0..<registers {
            let row = register % registersPerTile * rowLanes + firstRow
            let halves = tile + (register / registersPerTile * rowBytes + TileLayout.scaleOffset(row: row, block: block))
            let weightScale = widen(halves.loadUnaligned(as: RowHalves.self))
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
    }

    /// Multiplies by the scale that the blocks just added share.
    @_transparent
    func applyScale() {
        for register in 0..<registers {
            for token in 0..<tokens {
                let scale = RowFloats(repeating: scales[token * blockStride - 1])
                results[token][register] = multiplyAdd(results[token][register], parts[token][register], scale)
                parts[token][register] = .zero
            }
        }
    }

    for column in 0..<shape.columnTiles {
        if tokens == 1 {
            if Lines.areForEach { fetchLine(0) } else { fetchAhead(tile + bytesAhead) }
        } else if isSoon {
            // At the end of a strip for the next one.
            let first = tile + (column + columnsAhead < shape.columnTiles ? soonBytes : soonBytes + (stripTiles - 1) * rowBytes)
            fetchAhead(first, lines: lines)
            if stripTiles > 1 { fetchAhead(first + rowBytes, lines: lines) }
        } else {
            forEachOfFour { fetchAhead(tile + ahead[$0]) }
        }
        add(block: 0)
        add(block: 1)
        tile += Codes.tileBytes
        // A scale is for two tiles, the last one perhaps for one.
        if Codes.sharesScales, column % 2 > 0 || column + 1 == shape.columnTiles { applyScale() }
    }
    for token in 0..<tokens {
        for register in 0..<registers { write(results[token][register], register: register, token: token, origin, product) }
    }
}

/// Tokens of which there are too few patches to ask for a whole strip.
@inline(__always) private var fewTokens: Int { 24 }

extension BlockCodes {
    /// Steps of a tile for each line of it but the first, which are asked for one by one: requests in a row would wait for each other.
    @inline(__always) fileprivate static var stepsPerLine: Int { max(1, Tile.blocks * Tile.steps / (tileBytes / 64 - 1)) }

    /// Lines of a tile that a patch of so many tokens asks for some time before, in a product of few. With all of a q4 tile, 2 tokens
    /// take 1.3 times one token's time instead of 1.7. Up to 4 tokens in q8 wait for memory anyway, and the processor asks for the
    /// other lines better by itself.
    @inline(__always)
    fileprivate static func linesSoon(tokens: Int) -> Int { sharesScales || tokens > 4 ? tileBytes / 64 : 1 }
}

/// From a strip's tile to cache line number `line` of the next strip's tiles in the same column; 0 if they have fewer.
@inline(__always)
private func lineAhead(_ line: Int, stripTiles: Int, _ rowBytes: Int, _ tileBytes: Int) -> Int {
    let lineBytes = 64
    let (tile, rest) = (line * lineBytes / tileBytes, line * lineBytes % tileBytes)
    return tile < stripTiles ? (stripTiles + tile) * rowBytes + rest : 0
}

/// A loop that is certain to be unrolled: only with a constant place does `broadcast` read a lane of a register and not memory.
@inline(__always)
func forEachOfFour(_ body: (_ place: Int) -> Void) {
    body(0)
    body(1)
    body(2)
    body(3)
}

// MARK: - Weights unpacked once for many tokens

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
private func multiplyUnpacked<Codes: BlockCodes>(
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
