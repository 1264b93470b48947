import CSIMD
import KernelTypes

// The inner loops of attention. As those of matrices they work on patches whose sums fill the registers: registers of queries × a
// few keys, or × a few elements of the output.

/// Keys, or values, that lie in a row: the number of the first among all that are seen, their count, the first one's numbers, the
/// bytes from one to the next, and their exponents.
///
/// A tuple, as `PatchOrigin`.
typealias KeyPiece = (
    first: Int, count: Int, numbers: UnsafeRawPointer, stride: Int, exponents: UnsafePointer<Int8>
)

/// Whether a number gets into all lanes from a register that holds it with its neighbours, and not from memory: on ARM without an
/// instruction for it, with SSE by one where two would be needed.
@inline(__always) var spreadsInRegisters: Bool { rowLanes == 4 }

/// The scores of keys stored as f16 with `registers` registers of queries, [dimension × 16].
func scoreHalves(
    _ keys: KeyPiece, _ queries: UnsafePointer<Float>, _ registers: Int, _ dimension: Int, _ scores: UnsafeMutablePointer<Float>
) { score(StoredHalves.self, keys, queries, registers, dimension, scores) }

/// The same of keys stored as f32.
func scoreFloats(
    _ keys: KeyPiece, _ queries: UnsafePointer<Float>, _ registers: Int, _ dimension: Int, _ scores: UnsafeMutablePointer<Float>
) { score(StoredFloats.self, keys, queries, registers, dimension, scores) }

/// Adds the elements `columns` of values stored as f16 to the sums `mixed`, [dimension × 16], multiplied by their weights, [values
/// × 16], of `registers` registers of queries.
func mixHalves(
    _ values: KeyPiece, _ weights: UnsafePointer<Float>, _ registers: Int, _ columns: Range<Int>,
    _ mixed: UnsafeMutablePointer<Float>
) { mix(StoredHalves.self, values, weights, registers, columns, mixed) }

/// The same of values stored as f32.
func mixFloats(
    _ values: KeyPiece, _ weights: UnsafePointer<Float>, _ registers: Int, _ columns: Range<Int>,
    _ mixed: UnsafeMutablePointer<Float>
) { mix(StoredFloats.self, values, weights, registers, columns, mixed) }

/// Widens the elements `columns` of a vector, to the same places.
@inline(__always)
func widenHalves(_ source: UnsafeRawPointer, _ target: UnsafeMutablePointer<Float>, _ columns: Range<Int>) {
    var index = columns.lowerBound
    while index + rowLanes <= columns.upperBound {
        UnsafeMutableRawPointer(target + index).storeBytes(of: StoredHalves.load(source, index), as: RowFloats.self)
        index += rowLanes
    }
    while index < columns.upperBound {
        target[index] = StoredHalves.number(source, index)
        index += 1
    }
}

/// How the numbers of keys and values are stored.
private protocol StoredNumbers {
    static var bytes: Int { get }
    /// A register of numbers from number `index` on.
    static func load(_ vector: UnsafeRawPointer, _ index: Int) -> RowFloats
    static func number(_ vector: UnsafeRawPointer, _ index: Int) -> Float
}

private enum StoredHalves: StoredNumbers {
    @inline(__always) static var bytes: Int { 2 }
    @inline(__always) static func load(_ vector: UnsafeRawPointer, _ index: Int) -> RowFloats {
        widen(vector.loadUnaligned(fromByteOffset: 2 * index, as: RowHalves.self))
    }
    @inline(__always) static func number(_ vector: UnsafeRawPointer, _ index: Int) -> Float {
        csimd_f16_to_f32(vector.loadUnaligned(fromByteOffset: 2 * index, as: UInt16.self))
    }
}

private enum StoredFloats: StoredNumbers {
    @inline(__always) static var bytes: Int { 4 }
    @inline(__always) static func load(_ vector: UnsafeRawPointer, _ index: Int) -> RowFloats {
        vector.loadUnaligned(fromByteOffset: 4 * index, as: RowFloats.self)
    }
    @inline(__always) static func number(_ vector: UnsafeRawPointer, _ index: Int) -> Float {
        vector.loadUnaligned(fromByteOffset: 4 * index, as: Float.self)
    }
}

@inline(__always)
private func score<Numbers: StoredNumbers>(
    _ numbers: Numbers.Type, _ keys: KeyPiece, _ queries: UnsafePointer<Float>, _ registers: Int, _ dimension: Int,
    _ scores: UnsafeMutablePointer<Float>
) {
    for first in stride(from: 0, to: registers, by: attentionRegisters) {
        let queries = queries + first * rowLanes, scores = scores + first * rowLanes
        switch min(attentionRegisters, registers - first) {
        case 1: scoreKeys(numbers, AttentionPatch<1>.self, keys, queries, dimension, scores)
        case 2: scoreKeys(numbers, AttentionPatch<2>.self, keys, queries, dimension, scores)
        case 3: scoreKeys(numbers, AttentionPatch<3>.self, keys, queries, dimension, scores)
        default: scoreKeys(numbers, AttentionPatch<4>.self, keys, queries, dimension, scores)
        }
    }
}

@inline(__always)
private func mix<Numbers: StoredNumbers>(
    _ numbers: Numbers.Type, _ values: KeyPiece, _ weights: UnsafePointer<Float>, _ registers: Int, _ columns: Range<Int>,
    _ mixed: UnsafeMutablePointer<Float>
) {
    for first in stride(from: 0, to: registers, by: attentionRegisters) {
        let weights = weights + first * rowLanes, mixed = mixed + first * rowLanes
        switch min(attentionRegisters, registers - first) {
        case 1: mixValues(numbers, AttentionPatch<1>.self, values, weights, columns, mixed)
        case 2: mixValues(numbers, AttentionPatch<2>.self, values, weights, columns, mixed)
        case 3: mixValues(numbers, AttentionPatch<3>.self, values, weights, columns, mixed)
        default: mixValues(numbers, AttentionPatch<4>.self, values, weights, columns, mixed)
        }
    }
}

/// The scores of a few keys after the other with some registers of queries, [dimension × 16]: each a sum from the first element to
/// the last. The last key stands in for those that are missing; nothing is read after it.
@inline(never)
private func scoreKeys<Numbers: StoredNumbers, let registers: Int, let columns: Int>(
    _: Numbers.Type, _: PatchSums<registers, columns>.Type, _ piece: KeyPiece, _ queries: UnsafePointer<Float>, _ dimension: Int,
    _ scores: UnsafeMutablePointer<Float>
) {
    for first in stride(from: 0, to: piece.count, by: columns) {
        var vectors = InlineArray<columns, UnsafeRawPointer>(repeating: piece.numbers)
        for key in 0..<columns { vectors[key] = piece.numbers + min(first + key, piece.count - 1) * piece.stride }
        var sums = PatchSums<registers, columns>(repeating: .init(repeating: .zero))
        var index = 0
        if spreadsInRegisters {
            while index + rowLanes <= dimension {
                var numbers = InlineArray<columns, RowFloats>(repeating: .zero)
                for key in 0..<columns { numbers[key] = Numbers.load(vectors[key], index) }
                // One by one: the compiler leaves a loop over lanes as it is, which would take them from memory.
                let queries = queries + index * lanes
                addLane(0, of: numbers, queries, &sums)
                addLane(1, of: numbers, queries, &sums)
                addLane(2, of: numbers, queries, &sums)
                addLane(3, of: numbers, queries, &sums)
                index += rowLanes
            }
        }
        while index < dimension {
            for key in 0..<columns {
                add(&sums[key], queries + index * lanes, RowFloats(repeating: Numbers.number(vectors[key], index)))
            }
            index += 1
        }
        for key in 0..<min(columns, piece.count - first) {
            let factor = RowFloats(repeating: powerOfTwo(Int(piece.exponents[first + key])))
            for register in 0..<registers {
                let score = scores + ((first + key) * lanes + register * rowLanes)
                UnsafeMutableRawPointer(score).storeBytes(of: sums[key][register] * factor, as: RowFloats.self)
            }
        }
    }
}

/// Adds the elements `columns` of some values to sums in memory, [dimension × 16]: each multiplied by its weights, [values × 16], of
/// some registers of queries.
@inline(never)
private func mixValues<Numbers: StoredNumbers, let registers: Int, let columns: Int>(
    _ numbers: Numbers.Type, _ patch: PatchSums<registers, columns>.Type, _ piece: KeyPiece, _ weights: UnsafePointer<Float>,
    _ elements: Range<Int>, _ mixed: UnsafeMutablePointer<Float>
) {
    var first = elements.lowerBound
    while first + columns <= elements.upperBound {
        mixColumns(numbers, patch, piece, weights, first, mixed + first * lanes)
        first += columns
    }
    while first < elements.upperBound {
        mixColumns(numbers, PatchSums<registers, 1>.self, piece, weights, first, mixed + first * lanes)
        first += 1
    }
}

@inline(__always)
private func mixColumns<Numbers: StoredNumbers, let registers: Int, let columns: Int>(
    _: Numbers.Type, _: PatchSums<registers, columns>.Type, _ piece: KeyPiece, _ weights: UnsafePointer<Float>, _ first: Int,
    _ mixed: UnsafeMutablePointer<Float>
) {
    var sums = PatchSums<registers, columns>(repeating: .init(repeating: .zero))
    for column in 0..<columns {
        for register in 0..<registers {
            let place = UnsafeRawPointer(mixed + (column * lanes + register * rowLanes))
            sums[column][register] = place.loadUnaligned(as: RowFloats.self)
        }
    }
    var vector = piece.numbers, weight = weights
    for _ in 0..<piece.count {
        if spreadsInRegisters && columns == rowLanes {
            let numbers = Numbers.load(vector, first)
            for column in 0..<columns { add(&sums[column], weight, RowFloats(repeating: numbers[column])) }
        } else {
            for column in 0..<columns {
                add(&sums[column], weight, RowFloats(repeating: Numbers.number(vector, first + column)))
            }
        }
        vector += piece.stride
        weight += lanes
    }
    for column in 0..<columns {
        for register in 0..<registers {
            let place = UnsafeMutableRawPointer(mixed + (column * lanes + register * rowLanes))
            place.storeBytes(of: sums[column][register], as: RowFloats.self)
        }
    }
}

/// Adds the products of an element of some keys, which a lane of their registers holds, with registers of queries.
@inline(__always)
private func addLane<let registers: Int, let columns: Int>(
    _ lane: Int, of numbers: InlineArray<columns, RowFloats>, _ queries: UnsafePointer<Float>,
    _ sums: inout PatchSums<registers, columns>
) {
    for key in 0..<columns { add(&sums[key], queries + lane * lanes, RowFloats(repeating: numbers[key][lane])) }
}

/// Adds a number times registers of memory to as many sums.
@inline(__always)
private func add<let registers: Int>(
    _ sums: inout InlineArray<registers, RowFloats>, _ factors: UnsafePointer<Float>, _ number: RowFloats
) {
    for register in 0..<registers {
        let factor = UnsafeRawPointer(factors + register * rowLanes).loadUnaligned(as: RowFloats.self)
        sums[register] = multiplyAdd(sums[register], factor, number)
    }
}
