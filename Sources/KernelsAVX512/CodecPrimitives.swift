let codecSetName = "avx512"

/// Columns that are multiplied at once: sums of one register each.
typealias ColumnSums = InlineArray<16, Lanes>

/// `sum + code²`, which is exact.
@inline(__always) func addExactSquare(_ sum: Lanes, _ code: Lanes) -> Lanes { sum.addingProduct(code, code) }
