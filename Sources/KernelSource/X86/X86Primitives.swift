// What all x86-64 modules have in common.
import CSIMD

/// Asks for a cache line that will be read some microseconds from now.
@inline(__always) func fetchAhead(_ line: UnsafeRawPointer) { csimd_prefetch(line) }

/// Four activation codes of sixteen, in all lanes.
@inline(__always) func broadcast(_ activations: UnsafeRawPointer, _ place: Int) -> RowInts {
    RowInts(repeating: activations.loadUnaligned(fromByteOffset: 4 * place, as: Int32.self))
}
