// What all x86-64 modules have in common.
import CSIMD

/// Asks for a cache line that will be read some microseconds from now.
@inline(__always) func fetchAhead(_ line: UnsafeRawPointer) { csimd_prefetch(line) }

/// The same for a line that will be read sooner.
@inline(__always) func fetchNear(_ line: UnsafeRawPointer) { csimd_prefetch_near(line) }

/// As `fetchAhead` for some lines, one after the other.
@inline(__always) func fetchAhead(_ first: UnsafeRawPointer, lines: Int) { csimd_prefetch_lines(first, lines) }

/// Codes of 4 bits of a step, each in a byte: the low or the high halves of the bytes at an offset.
@inline(__always) func loadNibbles(_ codes: UnsafeRawPointer, offset: Int, isHigh: Bool) -> RowBits {
    let pairs = codes.loadUnaligned(fromByteOffset: offset, as: RowBits.self)
    let nibbles = isHigh ? pairs &>> RowBits(repeating: 4) : pairs
    return nibbles & RowBits(repeating: 0x0F0F_0F0F)
}

/// Four activation codes of sixteen, in all lanes.
@inline(__always) func broadcast(_ activations: UnsafeRawPointer, _ place: Int) -> RowInts {
    RowInts(repeating: activations.loadUnaligned(fromByteOffset: 4 * place, as: Int32.self))
}
