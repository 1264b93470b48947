// The working vectors. Elementwise kernels work on 16 lanes on every instruction set, which the compiler splits into as many
// registers as it takes; matrix kernels on one register (`RowFloats` and its kin, `Primitives.swift`). Only spellings that become
// single instructions are used: what Swift does lane by lane (`squareRoot()`, `replacing(with:where:)`, `pointwiseMax`, converting
// initializers, reductions) comes from CSIMD.
import CSIMD

typealias Floats = SIMD16<Float>
typealias Ints = SIMD16<Int32>
typealias Bits = SIMD16<UInt32>

/// Lanes of ``Floats``.
@inline(__always) var lanes: Int { 16 }

@inline(__always) func load(_ pointer: UnsafePointer<Float>) -> Floats {
    UnsafeRawPointer(pointer).loadUnaligned(as: Floats.self)
}

@inline(__always) func store(_ values: Floats, _ pointer: UnsafeMutablePointer<Float>) {
    UnsafeMutableRawPointer(pointer).storeBytes(of: values, as: Floats.self)
}

/// The first `count` of 16 numbers, and zeros: nothing beyond them is read.
@inline(__always) func load(_ pointer: UnsafePointer<Float>, count: Int) -> Floats {
    if count == lanes { return load(pointer) }
    var values = Floats.zero
    for lane in 0..<count { values[lane] = pointer[lane] }
    return values
}

/// Stores the first `count` lanes and nothing beyond them.
@inline(__always) func store(_ values: Floats, _ pointer: UnsafeMutablePointer<Float>, count: Int) {
    if count == lanes { return store(values, pointer) }
    for lane in 0..<count { pointer[lane] = values[lane] }
}

/// Calls `body` for each vector of a range: with its first index and its number of lanes, 16 for all but the last.
@inline(__always) func forEachVector(in range: Range<Int>, _ body: (_ first: Int, _ count: Int) -> Void) {
    var first = range.lowerBound
    while first + lanes <= range.upperBound {
        body(first, lanes)
        first += lanes
    }
    if first < range.upperBound { body(first, range.upperBound - first) }
}

@inline(__always) func broadcast(_ value: Float) -> Floats { Floats(repeating: value) }

/// Lane by lane the larger; `a` where one of them is NaN.
@inline(__always) func larger(_ a: Floats, _ b: Floats) -> Floats { csimd_where_less_f32_x16(a, b, b, a) }

/// Lane by lane the smaller; `a` where one of them is NaN.
@inline(__always) func smaller(_ a: Floats, _ b: Floats) -> Floats { csimd_where_less_f32_x16(b, a, b, a) }

/// 2^exponent, for exponents in -126…127.
@inline(__always) func powerOfTwo(_ exponent: Int) -> Float {
    Float(bitPattern: UInt32(truncatingIfNeeded: exponent &+ 127) &<< 23)
}

@inline(__always) func bits(_ values: Floats) -> Bits { unsafeBitCast(values, to: Bits.self) }

@inline(__always) func floats(_ bits: Bits) -> Floats { unsafeBitCast(bits, to: Floats.self) }

@inline(__always) func magnitude(_ values: Floats) -> Floats { floats(bits(values) & Bits(repeating: 0x7FFF_FFFF)) }
