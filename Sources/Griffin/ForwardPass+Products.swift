import KernelTypes
import Kernels
import Tiles

/// How norms and matrix products are divided among the members of a team.
extension ForwardPass {
    /// RMSNorm of each token into ``Workspace/normed`` and, if `quantized`, from there to ``Workspace/quantized`` for matrices of `shape`.
    func normalize(
        _ input: UnsafePointer<Float>, tokens: Int, weight: UnsafePointer<Float>, for shape: MatrixShape, quantized: Bool,
        _ member: TeamMember
    ) {
        let width = configuration.width
        member.share(tokens) { range in
            for token in range {
                let normed = workspace.normed + token * width
                kernels.rmsNorm(input + token * width, weight, normed, width, configuration.normEpsilon)
                if quantized { quantize(normed, token: token, shape) }
            }
        }
    }

    /// Quantizes one token's input of matrices of `shape`.
    func quantize(_ input: UnsafePointer<Float>, token: Int, _ shape: MatrixShape) {
        kernels.quantize(input, 0, 1, shape, quantized(token: token, shape, firstCode: 0))
    }

    /// The place of a token's activations in ``Workspace/quantized``, from code `firstCode` on, which starts a block.
    func quantized(token: Int, _ shape: MatrixShape, firstCode: Int) -> QuantizedActivations {
        let code = token * QuantizedActivations.codeCount(shape) + firstCode
        let block = code / Tile.block
        let all = workspace.quantized
        return QuantizedActivations(codes: all.codes + code, scales: all.scales + block, sums: all.sums + block)
    }

    /// The product of a matrix with the chunk's activations: `input`, or what was quantized of it.
    func product(
        _ matrix: TiledMatrix, of input: UnsafePointer<Float>, stride inputStride: Int, tokens: Int, bias: UnsafePointer<Float>?,
        to output: UnsafeMutablePointer<Float>, stride outputStride: Int, accumulates: Bool = false
    ) -> MatrixProduct {
        MatrixProduct(
            matrix: matrix, input: input, inputStride: inputStride, quantized: workspace.quantized, tokens: tokens, bias: bias,
            output: output, outputStride: outputStride, accumulates: accumulates)
    }

    /// Computes a product together with the other members.
    func multiply(_ product: MatrixProduct, _ member: TeamMember) {
        member.share(product.matrix, tokens: product.tokens) { kernels.multiply(product, $0) }
    }

    /// Computes two products of the same input, as if their matrices stood on top of each other.
    func multiply(_ first: MatrixProduct, _ second: MatrixProduct, _ member: TeamMember) {
        let boundary = first.matrix.rowTileCount
        let total = boundary + second.matrix.rowTileCount
        member.share(rowTiles: total, like: first.matrix, tokens: first.tokens) { rowTiles in
            let upper = rowTiles.clamped(to: 0..<boundary)
            if !upper.isEmpty { kernels.multiply(first, upper) }
            let lower = rowTiles.clamped(to: boundary..<total)
            if !lower.isEmpty { kernels.multiply(second, lower.lowerBound - boundary..<lower.upperBound - boundary) }
        }
    }
}
