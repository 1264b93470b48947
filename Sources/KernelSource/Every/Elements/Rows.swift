// Vectors of rows: one register, with a row of a matrix in each lane (`RowFloats`, `Primitives.swift`).
import Tiles

/// Rows in a register: 16, 8 or 4.
@inline(__always) var rowLanes: Int { RowFloats.scalarCount }

/// The first `count` of a register's numbers, and zeros: nothing beyond them is read.
@inline(__always) func loadRows(_ pointer: UnsafePointer<Float>, count: Int) -> RowFloats {
    if count >= rowLanes { return UnsafeRawPointer(pointer).loadUnaligned(as: RowFloats.self) }
    var values = RowFloats.zero
    for lane in 0..<count { values[lane] = pointer[lane] }
    return values
}
