// What codecs take from the instructions that every processor of the architecture has.

#if arch(x86_64)
let codecSetName = "x86-64"
/// Columns that are multiplied at once: sums of two registers each.
typealias ColumnSums = InlineArray<4, Lanes>
#elseif arch(arm64)
let codecSetName = "neon"
typealias ColumnSums = InlineArray<8, Lanes>
#endif

/// `sum + code²`, which is exact.
@inline(__always) func addExactSquare(_ sum: Lanes, _ code: Lanes) -> Lanes { sum + code * code }
