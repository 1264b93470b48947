import CSIMD
import KernelTypes
import Tiles

// Products of a few tokens with weights that are unpacked in registers. Generic functions are private, so that no code is shared
// between the sets.

/// A row of tiles for one to four tokens.
func multiplyTilesQ8(_ product: MatrixProduct, _ origin: PatchOrigin, tokens: Int) {
    multiplyTiles(Q8Codes.self, product, origin, tokens)
}

/// The same of q4.
func multiplyTilesQ4(_ product: MatrixProduct, _ origin: PatchOrigin, tokens: Int) {
    multiplyTiles(Q4Codes.self, product, origin, tokens)
}

@inline(__always)
private func multiplyTiles<Codes: ByteCodes>(_ codes: Codes.Type, _ product: MatrixProduct, _ origin: PatchOrigin, _ tokens: Int) {
    switch tokens {
    case 1: multiplyTiles(codes, PatchSums<4, 1>.self, product, origin)
    case 2: multiplyTiles(codes, PatchSums<2, 2>.self, product, origin)
    case 3: multiplyTiles(codes, PatchSums<1, 3>.self, product, origin)
    default: multiplyTiles(codes, PatchSums<1, 4>.self, product, origin)
    }
}

/// In a function of its own for each shape: with all in one, the compiler keeps fewer sums in registers.
@inline(never)
private func multiplyTiles<Codes: ByteCodes, let registers: Int, let tokens: Int>(
    _ codes: Codes.Type, _ sums: PatchSums<registers, tokens>.Type, _ product: MatrixProduct, _ origin: PatchOrigin
) {
    for row in stride(from: origin.row, to: origin.row + Tile.rows, by: registers * rowLanes) {
        multiplyPatch(codes, sums, product, (origin.matrix, row, origin.token, origin.pass))
    }
}

/// One patch of one or a few tokens, with weights as they come from a tile, whose sums stay in registers over all columns.
///
/// Where there are registers enough, both blocks of a tile have sums at once: those of q4 are in the same bytes. For each output the
/// blocks are added in order, whatever the patch's shape, so that all shapes give the same bits. As in a strip's patch, the next step
/// is loaded beside this one.
@inline(__always)
private func multiplyPatch<Codes: ByteCodes, let registers: Int, let tokens: Int>(
    _: Codes.Type, _: PatchSums<registers, tokens>.Type, _ product: MatrixProduct, _ origin: PatchOrigin
) {
    let firstRow = origin.row % Tile.rows
    var tile = Codes.firstTile(product.matrix, origin)
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

    var left = product.matrix.shape.columnTiles
    while left > 0 {
        let count = Codes.sharesScales ? min(left, Codes.blocksPerScale / Tile.blocks) : left
        for _ in 0..<count {
            if Codes.addsPairs {
                addPair()
            } else {
                for block in 0..<Tile.blocks { add(block: block) }
            }
            tile += Codes.tileBytes
            inputs.codes += Tile.columns
            inputs.scales += Tile.blocks
            inputs.totals += Tile.blocks
        }
        left -= count
        if Codes.sharesScales {
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
