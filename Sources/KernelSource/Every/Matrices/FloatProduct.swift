import CSIMD
import KernelTypes
import Tiles

// Products of f32 and f16 matrices. The generic functions are private so that only these two versions of them exist.

func multiplyF32(_ product: MatrixProduct, _ rowTiles: Range<Int>, asksForEachLine: Bool) {
    multiply(F32Weights.self, FloatPatch.self, FloatFewPatch.self, FloatTokenPatch.self, product, rowTiles, asksForEachLine)
}

func multiplyF16(_ product: MatrixProduct, _ rowTiles: Range<Int>, asksForEachLine: Bool) {
    multiply(F16Weights.self, FloatPatch.self, FloatFewPatch.self, FloatTokenPatch.self, product, rowTiles, asksForEachLine)
}

/// How the weights of a tile are read.
private protocol FloatWeights {
    /// Bytes per weight.
    static var bytes: Int { get }
    /// A register of consecutive rows.
    static func load(_ weights: UnsafeRawPointer) -> RowFloats
}

private enum F32Weights: FloatWeights {
    @inline(__always) static var bytes: Int { 4 }
    @inline(__always) static func load(_ weights: UnsafeRawPointer) -> RowFloats { weights.loadUnaligned(as: RowFloats.self) }
}

private enum F16Weights: FloatWeights {
    @inline(__always) static var bytes: Int { 2 }
    @inline(__always) static func load(_ weights: UnsafeRawPointer) -> RowFloats {
        widen(weights.loadUnaligned(as: RowHalves.self))
    }
}

@inline(__always)
private func multiply<
    Weights: FloatWeights, let registers: Int, let tokens: Int, let fewRegisters: Int, let fewTokens: Int, let registersPerTile: Int
>(
    _ weights: Weights.Type, _ full: PatchSums<registers, tokens>.Type, _ few: PatchSums<fewRegisters, fewTokens>.Type,
    _ token: PatchSums<registersPerTile, 1>.Type, _ product: MatrixProduct, _ rowTiles: Range<Int>, _ asksForEachLine: Bool
) {
    forEachPatch(
        product, rowTiles, patchRows: registers * rowLanes, patchTokens: tokens, fewRows: fewRegisters * rowLanes,
        most: { _, _ in (0, 0) },
        full: { multiplyPatch(weights, full, FirstLines.self, product, $0) },
        few: {
            switch $1 {
            case 2: multiplyFew(weights, PatchSums<fewRegisters, 2>.self, product, $0)
            case 3: multiplyFew(weights, PatchSums<fewRegisters, 3>.self, product, $0)
            default: multiplyFew(weights, PatchSums<fewRegisters, 4>.self, product, $0)
            }
        },
        token: {
            if asksForEachLine {
                multiplyPatch(weights, token, EachLine.self, product, $0)
            } else {
                multiplyPatch(weights, token, FirstLines.self, product, $0)
            }
        })
}

/// A patch of a few tokens, in a function of its own: with all shapes in one, the compiler keeps fewer sums in registers.
@inline(never)
private func multiplyFew<Weights: FloatWeights, let registers: Int, let tokens: Int>(
    _ weights: Weights.Type, _ sums: PatchSums<registers, tokens>.Type, _ product: MatrixProduct, _ origin: PatchOrigin
) { multiplyPatch(weights, sums, FirstLines.self, product, origin) }

/// One patch, whose sums stay in registers over all columns.
///
/// Even and odd columns have sums of their own, so that a single token does not wait for each addition; for each output the order
/// is the same whatever the patch's shape.
@inline(__always)
private func multiplyPatch<Weights: FloatWeights, Lines: LineRequests, let registers: Int, let tokens: Int>(
    _: Weights.Type, _: PatchSums<registers, tokens>.Type, _: Lines.Type, _ product: MatrixProduct, _ origin: PatchOrigin
) {
    let shape = product.matrix.shape
    let columnBytes = Tile.rows * Weights.bytes
    let rowBytes = shape.columnTiles * Tile.columns * columnBytes
    let firstRow = origin.row % Tile.rows
    let rowTile = origin.matrix * shape.rowTiles + origin.row / Tile.rows
    var weights = product.matrix.tiles + (rowTile * rowBytes + firstRow * Weights.bytes)
    var input = product.input + (origin.token * product.inputStride + origin.matrix * shape.columns)

    let registersPerTile = Tile.rows / rowLanes
    var even = PatchSums<registers, tokens>(repeating: .init(repeating: .zero))
    var odd = even
    for _ in 0..<shape.columns / 2 {
        if tokens == 1, Lines.areForEach {
            for line in 0..<2 * columnBytes / 64 { fetchAhead(weights + (bytesAhead + 64 * line)) }
        }
        for register in 0..<registers {
            let first = weights + (register / registersPerTile * rowBytes + register % registersPerTile * rowLanes * Weights.bytes)
            let (evenWeights, oddWeights) = (Weights.load(first), Weights.load(first + columnBytes))
            for token in 0..<tokens {
                let pair = input + token * product.inputStride
                even[token][register] = multiplyAdd(even[token][register], evenWeights, RowFloats(repeating: pair[0]))
                odd[token][register] = multiplyAdd(odd[token][register], oddWeights, RowFloats(repeating: pair[1]))
            }
        }
        weights += 2 * columnBytes
        input += 2
    }
    for register in 0..<registers {
        let last = weights + (register / registersPerTile * rowBytes + register % registersPerTile * rowLanes * Weights.bytes)
        for token in 0..<tokens {
            if shape.columns % 2 == 1 {
                let number = RowFloats(repeating: input[token * product.inputStride])
                even[token][register] = multiplyAdd(even[token][register], Weights.load(last), number)
            }
            write(even[token][register] + odd[token][register], register: register, token: token, origin, product)
        }
    }
}
