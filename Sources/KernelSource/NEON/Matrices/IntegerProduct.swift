import CSIMD
import KernelTypes
import Tiles

// Products of q8 and q4 matrices. The generic functions are private so that only these two versions of them exist.

func multiplyQ8(_ product: MatrixProduct, _ rowTiles: Range<Int>, _ strip: UnsafeMutableRawPointer?, asksForEachLine _: Bool) {
    multiply(Q8Codes.self, Q8StripPatch.self, product, rowTiles, strip)
}

func multiplyQ4(_ product: MatrixProduct, _ rowTiles: Range<Int>, _ strip: UnsafeMutableRawPointer?, asksForEachLine _: Bool) {
    multiply(Q4Codes.self, Q4StripPatch.self, product, rowTiles, strip)
}

/// Many tokens with a strip of unpacked weights; the others four, three, two or one at a time.
@inline(__always)
private func multiply<Codes: ByteCodes, let registers: Int, let tokens: Int>(
    _ codes: Codes.Type, _ patch: PatchSums<registers, tokens>.Type, _ product: MatrixProduct, _ rowTiles: Range<Int>,
    _ strip: UnsafeMutableRawPointer?
) {
    forEachPatch(
        product, rowTiles, patchRows: Tile.rows, patchTokens: 4, fewRows: Tile.rows,
        most: {
            guard let strip, product.tokens >= fewestTokensUnpacked else { return (0, 0) }
            return multiplyStrip(codes, patch, product, $0, rows: $1, strip)
        },
        full: { multiplyFew(codes, FourTokenPatch.self, product, $0) },
        few: {
            switch $1 {
            case 2: multiplyFew(codes, TwoTokenPatch.self, product, $0)
            case 3: multiplyFew(codes, ThreeTokenPatch.self, product, $0)
            default: multiplyFew(codes, FourTokenPatch.self, product, $0)
            }
        }, token: { multiplyFew(codes, TokenPatch.self, product, $0) })
}

// Patches of weights that are unpacked in registers.
private typealias TokenPatch = PatchSums<4, 1>
private typealias TwoTokenPatch = PatchSums<2, 2>
private typealias ThreeTokenPatch = PatchSums<1, 3>
private typealias FourTokenPatch = PatchSums<1, 4>

/// A row of tiles for a few tokens. In a function of its own: with all shapes in one, the compiler keeps fewer sums in registers.
@inline(never)
private func multiplyFew<Codes: ByteCodes, let registers: Int, let tokens: Int>(
    _ codes: Codes.Type, _ sums: PatchSums<registers, tokens>.Type, _ product: MatrixProduct, _ origin: PatchOrigin
) {
    for row in stride(from: origin.row, to: origin.row + Tile.rows, by: registers * rowLanes) {
        multiplyTiles(codes, sums, product, (origin.matrix, row, origin.token, origin.pass))
    }
}

// MARK: - Weights unpacked in registers

/// One patch of one or a few tokens, with weights as they come from a tile, whose sums stay in registers over all columns.
///
/// Where there are registers enough, both blocks of a tile have sums at once: those of q4 are in the same bytes. For each output the
/// blocks are added in order, whatever the patch's shape, so that all shapes give the same bits. As in a strip's patch, the next step
/// is loaded beside this one.
@inline(__always)
private func multiplyTiles<Codes: ByteCodes, let registers: Int, let tokens: Int>(
    _: Codes.Type, _: PatchSums<registers, tokens>.Type, _ product: MatrixProduct, _ origin: PatchOrigin
) {
    let shape = product.matrix.shape
    let firstRow = origin.row % Tile.rows
    var tile =
        product.matrix.tiles + (origin.matrix * shape.rowTiles + origin.row / Tile.rows) * shape.columnTiles * Codes.tileBytes
    var inputs = inputs(product, origin)
    let codeStride = inputs.stride * Tile.block
    var results = PatchSums<registers, tokens>(repeating: .init(repeating: .zero))
    // Sums of the blocks since the last scale, where several share one.
    var parts = PatchSums<registers, tokens>(repeating: .init(repeating: .zero))

    /// From the tile's beginning to the codes of the patch's first row.
    let firstCode = Codes.type.layout.start(row: firstRow)

    /// A step of a register's rows, as stored.
    @_transparent
    func load(_ codes: UnsafeRawPointer, _ register: Int, step: Int) -> RowBits {
        let offset = Codes.type.layout.stepOffset(block: 0, step: step) + register * rowLanes * Tile.step
        return codes.loadUnaligned(fromByteOffset: offset, as: RowBits.self)
    }

    /// The same in both blocks: twice the same bytes if they share them.
    @_transparent
    func loadPair(_ codes: UnsafeRawPointer, _ register: Int, step: Int) -> BlockPair {
        let first = load(codes, register, step: step)
        // One by one, where it is written: a load of two registers keeps a Cortex-A55 waiting.
        if Codes.sharesBytes { csimd_order() }
        let second = Codes.type.layout.stepOffset(block: 1, step: 0)
        return (first, Codes.sharesBytes ? first : load(codes + second, register, step: step))
    }

    /// The activation codes of the group of four steps that begins with a step.
    @_transparent
    func loadActivations(_ token: Int, step: Int, block: Int) -> RowInts {
        inputs.codes.loadUnaligned(fromByteOffset: token * codeStride + block * Tile.block + 4 * step, as: RowInts.self)
    }

    /// Adds a block's sums of products.
    @_transparent
    func add(_ sums: InlineArray<tokens, InlineArray<registers, Codes.Sums>>, block: Int) {
        var scales = InlineArray<registers, RowFloats>(repeating: .zero)
        for register in 0..<registers { scales[register] = weightScales(tile, row: firstRow + register * rowLanes, block: block) }
        for token in 0..<tokens {
            let index = token * inputs.stride + block
            let excess = Codes.excess(inputs.totals[index])
            var values = InlineArray<registers, RowFloats>(repeating: .zero)
            for register in 0..<registers { values[register] = Codes.value(sums[token][register], excess: excess) }
            if Codes.sharesScales {
                for register in 0..<registers {
                    parts[token][register] = multiplyAdd(parts[token][register], values[register], scales[register])
                }
            } else {
                let scale = RowFloats(repeating: inputs.scales[index])
                var factors = values
                for register in 0..<registers { factors[register] = scales[register] * scale }
                for register in 0..<registers {
                    results[token][register] = multiplyAdd(results[token][register], values[register], factors[register])
                }
            }
        }
    }

    /// Adds one block of a tile whose blocks have bytes of their own.
    @_transparent
    func add(block: Int) {
        // From here on all is a constant away.
        let codes = tile + (firstCode + Codes.type.layout.stepOffset(block: block, step: 0))
        var sums = InlineArray<tokens, InlineArray<registers, Codes.Sums>>(repeating: .init(repeating: Codes.zero))
        var weights = InlineArray<registers, RowBits>(repeating: .zero)
        var activations = InlineArray<tokens, RowInts>(repeating: .zero)
        for token in 0..<tokens {
            let excess = Codes.excess(inputs.totals[token * inputs.stride + block])
            activations[token] = loadActivations(token, step: 0, block: block)
            for register in 0..<registers {
                if token == 0 { weights[register] = load(codes, register, step: 0) }
                sums[token][register] = Codes.start(excess: excess)
            }
        }
        forEachStep { step in
            for token in 0..<tokens {
                for register in 0..<registers {
                    Codes.add(&sums[token][register], weights[register], activations[token], step: step)
                    if token == tokens - 1, step + 1 < Tile.steps { weights[register] = load(codes, register, step: step + 1) }
                }
                if step == Tile.steps / 2 - 1 { activations[token] = loadActivations(token, step: step + 1, block: block) }
            }
        }
        add(sums, block: block)
    }

    /// Adds both blocks of a tile at once.
    @_transparent
    func addPair() {
        let codes = tile + firstCode
        var first = InlineArray<tokens, InlineArray<registers, Codes.Sums>>(repeating: .init(repeating: Codes.zero)), second = first
        var firstStored = InlineArray<registers, RowBits>(repeating: .zero), secondStored = firstStored
        var firstActivations = InlineArray<tokens, RowInts>(repeating: .zero), secondActivations = firstActivations
        for token in 0..<tokens {
            let totals = inputs.totals + token * inputs.stride
            let excess = (Codes.excess(totals[0]), Codes.excess(totals[1]))
            firstActivations[token] = loadActivations(token, step: 0, block: 0)
            secondActivations[token] = loadActivations(token, step: 0, block: 1)
            for register in 0..<registers {
                if token == 0 { (firstStored[register], secondStored[register]) = loadPair(codes, register, step: 0) }
                first[token][register] = Codes.start(excess: excess.0)
                second[token][register] = Codes.start(excess: excess.1)
            }
        }
        forEachStep { step in
            var firstWeights = firstStored, secondWeights = secondStored
            if Codes.sharesBytes {
                for register in 0..<registers { (firstWeights[register], secondWeights[register]) = nibbles(firstStored[register]) }
            }
            for token in 0..<tokens {
                for register in 0..<registers {
                    Codes.add(&first[token][register], firstWeights[register], firstActivations[token], step: step)
                    Codes.add(&second[token][register], secondWeights[register], secondActivations[token], step: step)
                    if token == tokens - 1, step + 1 < Tile.steps {
                        (firstStored[register], secondStored[register]) = loadPair(codes, register, step: step + 1)
                    }
                }
                if step == Tile.steps / 2 - 1 {
                    firstActivations[token] = loadActivations(token, step: step + 1, block: 0)
                    secondActivations[token] = loadActivations(token, step: step + 1, block: 1)
                }
            }
        }
        add(first, block: 0)
        add(second, block: 1)
    }

    for column in 0..<shape.columnTiles {
        if Codes.addsPairs {
            addPair()
        } else {
            for block in 0..<Tile.blocks { add(block: block) }
        }
        tile += Codes.tileBytes
        inputs.codes += Tile.columns
        inputs.scales += Tile.blocks
        inputs.totals += Tile.blocks
        // A scale is for two tiles, the last one perhaps for one.
        if Codes.sharesScales, column % 2 > 0 || column + 1 == shape.columnTiles {
            for token in 0..<tokens {
                let scale = RowFloats(repeating: inputs.scales[token * inputs.stride - 1])
                for register in 0..<registers {
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

// MARK: - Weights unpacked in memory

// Products of many tokens with weights that are unpacked once: the codes of some rows, with their signs, in the order in which a
// patch reads them, each block after its scales as f32. So a patch has nothing to do but to multiply.

/// Fewest tokens for which it is worth the while.
@inline(__always) private var fewestTokensUnpacked: Int { 16 }

/// See `KernelSet.unpackedStripBytes`.
@Sendable func unpackedStripBytes(_ shape: MatrixShape, _ type: WeightType) -> Int {
    switch type {
    case .q8: stripBytes(Q8StripPatch.self, shape)
    case .q4: stripBytes(Q4StripPatch.self, shape)
    case .f16, .f32: 0
    }
}

@inline(__always)
private func stripBytes<let registers: Int, let tokens: Int>(_ patch: PatchSums<registers, tokens>.Type, _ shape: MatrixShape)
    -> Int
{
    // Whole cache lines.
    (shape.columnTiles * Tile.blocks * blockBytes(patch) + 63) / 64 * 64
}

/// Bytes of a block of unpacked rows: a register of scales, then one per step, each for every register of the patch.
@inline(__always)
private func blockBytes<let registers: Int, let tokens: Int>(_: PatchSums<registers, tokens>.Type) -> Int {
    registers * (1 + Tile.steps) * registerBytes
}

@inline(__always) private var registerBytes: Int { 4 * rowLanes }

/// The tokens of a strip that fill whole patches; returns the numbers of both. `origin` is the strip's first output.
@inline(__always)
private func multiplyStrip<Codes: ByteCodes, let registers: Int, let tokens: Int>(
    _ codes: Codes.Type, _ sums: PatchSums<registers, tokens>.Type, _ product: MatrixProduct, _ origin: PatchOrigin, rows: Int,
    _ strip: UnsafeMutableRawPointer
) -> (tokens: Int, passes: Int) {
    var first = origin
    for row in stride(from: origin.row, to: origin.row + rows, by: registers * rowLanes) {
        first.row = row
        unpack(codes, sums, product, first, to: strip)
        first.token = 0
        first.pass = 0
        while product.tokens - first.token >= tokens {
            multiplyPatch(codes, sums, product, first, strip)
            first.token += tokens
            first.pass += 1
        }
    }
    return (first.token, first.pass)
}

/// Unpacks the rows of a patch.
@inline(never)
private func unpack<Codes: ByteCodes, let registers: Int, let tokens: Int>(
    _: Codes.Type, _ patch: PatchSums<registers, tokens>.Type, _ product: MatrixProduct, _ origin: PatchOrigin,
    to strip: UnsafeMutableRawPointer
) {
    let shape = product.matrix.shape
    let firstRow = origin.row % Tile.rows
    var tile =
        product.matrix.tiles + (origin.matrix * shape.rowTiles + origin.row / Tile.rows) * shape.columnTiles * Codes.tileBytes
    var target = strip
    for _ in 0..<shape.columnTiles {
        for register in 0..<registers {
            let row = firstRow + register * rowLanes
            let first = target + register * registerBytes, second = first + blockBytes(patch)
            first.storeBytes(of: weightScales(tile, row: row, block: 0), as: RowFloats.self)
            second.storeBytes(of: weightScales(tile, row: row, block: 1), as: RowFloats.self)
            for step in 0..<Tile.steps {
                let stored = tile + Codes.type.layout.start(row: row)
                let codes: BlockPair =
                    Codes.sharesBytes
                    ? nibbles(Codes.load(stored, block: 0, step: step))
                    : (Codes.load(stored, block: 0, step: step), Codes.load(stored, block: 1, step: step))
                let offset = (1 + step) * registers * registerBytes
                first.storeBytes(of: Codes.signed(codes.first), toByteOffset: offset, as: RowBits.self)
                second.storeBytes(of: Codes.signed(codes.second), toByteOffset: offset, as: RowBits.self)
            }
        }
        tile += Codes.tileBytes
        target += Tile.blocks * blockBytes(patch)
    }
}

/// The scales of a register of rows of a tile.
@inline(__always)
private func weightScales(_ tile: UnsafeRawPointer, row: Int, block: Int) -> RowFloats {
    widen((tile + TileLayout.scaleOffset(row: row, block: block)).loadUnaligned(as: RowHalves.self))
}

/// One patch, whose sums stay in registers over all columns. For each output the blocks are added in order, as in `multiplyTiles`.
///
/// What is loaded is loaded a step before it is used, in place of what was used last: there are no registers for more, and small
/// processors execute in this order.
@inline(never)
private func multiplyPatch<Codes: ByteCodes, let registers: Int, let tokens: Int>(
    _: Codes.Type, _ patch: PatchSums<registers, tokens>.Type, _ product: MatrixProduct, _ origin: PatchOrigin,
    _ strip: UnsafeRawPointer
) {
    var inputs = inputs(product, origin)
    var weights = strip
    let codeStride = inputs.stride * Tile.block
    var results = PatchSums<registers, tokens>(repeating: .init(repeating: .zero))

    /// Adds a block to `results`, or to `parts` before the scale that it shares with others. Transparent, since the compiler doesn't
    /// keep `__always` where it finds the caller too large; sums would then not stay in registers.
    @_transparent
    func add(_ parts: inout PatchSums<registers, tokens>) {
        var sums = InlineArray<tokens, InlineArray<registers, Codes.Sums>>(repeating: .init(repeating: Codes.zero))
        var codes = InlineArray<2, InlineArray<registers, RowBits>>(repeating: .init(repeating: .zero))
        var activations = InlineArray<tokens, RowInts>(repeating: .zero)
        for register in 0..<registers {
            codes[0][register] = weights.loadUnaligned(fromByteOffset: (registers + register) * registerBytes, as: RowBits.self)
            codes[1][register] = weights.loadUnaligned(fromByteOffset: (2 * registers + register) * registerBytes, as: RowBits.self)
        }
        for token in 0..<tokens {
            activations[token] = inputs.codes.loadUnaligned(fromByteOffset: token * codeStride, as: RowInts.self)
            for register in 0..<registers { sums[token][register] = Codes.start(excess: 0) }
        }
        forEachStep { step in
            for token in 0..<tokens {
                for register in 0..<registers {
                    Codes.add(&sums[token][register], codes[step % 2][register], activations[token], step: step)
                }
                if step == Tile.steps / 2 - 1 {
                    activations[token] = inputs.codes.loadUnaligned(
                        fromByteOffset: token * codeStride + Tile.block / 2, as: RowInts.self)
                }
            }
            if step + 2 < Tile.steps {
                for register in 0..<registers {
                    let offset = ((3 + step) * registers + register) * registerBytes
                    codes[step % 2][register] = weights.loadUnaligned(fromByteOffset: offset, as: RowBits.self)
                }
            }
        }
        var scales = InlineArray<registers, RowFloats>(repeating: .zero)
        for register in 0..<registers {
            scales[register] = weights.loadUnaligned(fromByteOffset: register * registerBytes, as: RowFloats.self)
        }
        var values = PatchSums<registers, tokens>(repeating: .init(repeating: .zero))
        for token in 0..<tokens {
            for register in 0..<registers { values[token][register] = Codes.value(sums[token][register], excess: 0) }
        }
        if Codes.sharesScales {
            for token in 0..<tokens {
                for register in 0..<registers {
                    parts[token][register] = multiplyAdd(parts[token][register], values[token][register], scales[register])
                }
            }
        } else {
            var factors = values
            for token in 0..<tokens {
                let scale = RowFloats(repeating: inputs.scales[token * inputs.stride])
                for register in 0..<registers { factors[token][register] = scales[register] * scale }
            }
            for token in 0..<tokens {
                for register in 0..<registers {
                    results[token][register] = multiplyAdd(
                        results[token][register], values[token][register], factors[token][register])
                }
            }
        }
        weights += blockBytes(patch)
        inputs.codes += Tile.block
        inputs.scales += 1
    }

    var left = product.matrix.shape.columnTiles * Tile.blocks
    while left > 0 {
        var parts = PatchSums<registers, tokens>(repeating: .init(repeating: .zero))
        let count = min(left, Codes.blocksPerScale)
        for _ in 0..<count { add(&parts) }
        left -= count
        if Codes.sharesScales {
            for token in 0..<tokens {
                let scale = RowFloats(repeating: inputs.scales[token * inputs.stride - 1])
                for register in 0..<registers {
                    results[token][register] = multiplyAdd(results[token][register], parts[token][register], scale)
                }
            }
        }
    }
    for token in 0..<tokens {
        for register in 0..<registers { write(results[token][register], register: register, token: token, origin, product) }
    }
}

/// A loop that is certain to be unrolled: only a constant step is a lane of a register.
@inline(__always)
private func forEachStep(_ body: (_ step: Int) -> Void) {
    body(0)
    body(1)
    body(2)
    body(3)
    body(4)
    body(5)
    body(6)
    body(7)
}
