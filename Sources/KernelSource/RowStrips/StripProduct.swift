import CSIMD
import KernelTypes
import Tiles

// Products of many tokens with weights that are unpacked once: the codes of some rows, with their signs, in the order in which a
// patch reads them, each block after its scales as f32. So a patch has nothing to do but to multiply.

/// Fewest tokens for which it is worth the while.
@inline(__always) var fewestTokensUnpacked: Int { 16 }

/// The tokens of a strip that fill whole patches; returns the numbers of both. `origin` is the strip's first output.
func multiplyStripQ8(
    _ product: MatrixProduct, _ origin: PatchOrigin, rows: Int, _ strip: UnsafeMutableRawPointer
) -> (tokens: Int, passes: Int) {
    multiplyStrip(Q8Codes.self, Q8StripPatch.self, product, origin, rows: rows, strip)
}

/// The same of q4.
func multiplyStripQ4(
    _ product: MatrixProduct, _ origin: PatchOrigin, rows: Int, _ strip: UnsafeMutableRawPointer
) -> (tokens: Int, passes: Int) {
    multiplyStrip(Q4Codes.self, Q4StripPatch.self, product, origin, rows: rows, strip)
}

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
    var tile = Codes.firstTile(product.matrix, origin)
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

/// One patch, whose sums stay in registers over all columns. For each output the blocks are added in order, as in a patch of tiles.
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
