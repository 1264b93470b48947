import KernelTypes
import Kernels
import Tiles

/// How norms and matrix products are divided among the members of a team.
extension ForwardPass {
    /// RMSNorm of each token's residual stream into ``Workspace/normed``, and from there to ``Workspace/quantized`` if one of the
    /// matrices that read it wants that. With `onlyWanted`, of those tokens only whose logits are wanted. `source` is where the
    /// input comes from, `place` is the norm itself.
    func normalize(
        _ chunk: Chunk, onlyWanted: Bool = false, from source: Place, weight: UnsafePointer<Float>, as place: Place,
        for inputs: SharedInput, _ member: TeamMember
    ) {
        let width = configuration.width
        member.share(onlyWanted ? chunk.wantedCount : chunk.count) { range in
            for index in range {
                let token = onlyWanted ? chunk.wantedToken(index) : index
                let input = workspace.residual + token * width, normed = workspace.normed + index * width
                expect(
                    kernels.rmsNorm(input, weight, normed, width, configuration.normEpsilon), source, run: chunk.run(of: token),
                    member)
                expect(quantize(normed, token: index, for: inputs), place, run: chunk.run(of: token), member)
            }
        }
    }

    /// Quantizes one token's input to matrices, if one of them wants that. False if some of it is not finite; matrices that read it
    /// as it is show that in their results.
    func quantize(_ input: UnsafePointer<Float>, token: Int, for inputs: SharedInput) -> Bool {
        quantize(input, inputs.shape, token: token, firstCode: 0, for: inputs)
    }

    /// Quantizes a `part` of a token's input, from code `firstCode` on, where a scale starts.
    func quantize(_ input: UnsafePointer<Float>, _ part: MatrixShape, token: Int, firstCode: Int, for inputs: SharedInput) -> Bool {
        guard let blocksPerScale = inputs.blocksPerScale else { return true }
        let block = (token * QuantizedActivations.codeCount(inputs.shape) + firstCode) / Tile.block
        return kernels.quantize(input, 0, 1, part, blocksPerScale, workspace.quantized.from(block: block))
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
        observer?.willMultiply(product, member)
        let memory = workspace.unpacked(member.index)
        shareRowTiles(of: product, member) { kernels.multiply($0, $1, memory) }
    }

    /// Computes two products of the same input, as if their matrices stood on top of each other.
    func multiply(_ first: MatrixProduct, _ second: MatrixProduct, _ member: TeamMember) {
        observer?.willMultiply(first, member)
        observer?.willMultiply(second, member)
        let memory = workspace.unpacked(member.index)
        guard stream == nil else {
            shareRowTiles(of: first, member) { kernels.multiply($0, $1, memory) }
            return shareRowTiles(of: second, member) { kernels.multiply($0, $1, memory) }
        }
        let boundary = first.matrix.rowTileCount
        let total = boundary + second.matrix.rowTileCount
        member.share(rowTiles: total, like: first.matrix, tokens: first.tokens) { rowTiles in
            let upper = rowTiles.clamped(to: 0..<boundary)
            if !upper.isEmpty { kernels.multiply(first, upper, memory) }
            let lower = rowTiles.clamped(to: boundary..<total)
            if !lower.isEmpty { kernels.multiply(second, lower.lowerBound - boundary..<lower.upperBound - boundary, memory) }
        }
    }

    /// Shares out the rows of tiles of a product's matrix: first those in memory, then those that are read, as they come.
    @inline(__always)
    func shareRowTiles(of product: MatrixProduct, _ member: TeamMember, _ body: (MatrixProduct, Range<Int>) -> Void) {
        guard let stream, let part = stream.plan.part(of: product.matrix.number) else {
            return member.share(product.matrix, tokens: product.tokens) { body(product, $0) }
        }
        if stream.isFetching, let slab = part.slabs.first { _ = stream.matrix(product.matrix, slab: slab) }
        member.share(rowTiles: part.residentRowTiles, like: product.matrix, tokens: product.tokens) { body(product, $0) }
        for slab in part.slabs {
            var product = product
            product.matrix = stream.matrix(product.matrix, slab: slab)
            let rowTiles = stream.plan.slabs[slab].rowTiles
            member.share(rowTiles: rowTiles.count, like: product.matrix, tokens: product.tokens) {
                body(product, rowTiles.lowerBound + $0.lowerBound..<rowTiles.lowerBound + $0.upperBound)
            }
            if member.index == 0 { stream.release() }
        }
    }
}
