import KernelTypes

/// See `KernelSet.multiply`.
@Sendable func multiply(_ product: MatrixProduct, _ rowTiles: Range<Int>) {
    switch product.matrix.type {
    case .q8: multiplyQ8(product, rowTiles)
    case .q4: multiplyQ4(product, rowTiles)
    case .f16: multiplyF16(product, rowTiles)
    case .f32: multiplyF32(product, rowTiles)
    }
}
