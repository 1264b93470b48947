import KernelTypes
import Kernels
import Tiles

extension ForwardPass {
    /// Local multi-query attention: `residual += output(attention(query(x), key(x), value(x)))` with x = norm(residual)
    /// (Griffin, arXiv:2402.19427, section 2.3).
    func applyAttentionBlock(_ block: AttentionBlock, norm: UnsafePointer<Float>, layer: Int, _ chunk: Chunk, _ member: TeamMember)
    {
        let width = configuration.width, dimension = configuration.headDimension
        let queryWidth = configuration.headCount * dimension
        let queries = workspace.wide
        let keys = workspace.wide2, values = workspace.wide2 + chunk.count * dimension
        observed(.norm, member) {
            normalize(
                workspace.residual, from: stream(before: layer), tokens: chunk.count, weight: norm,
                as: Place(.temporalNorm, layer: layer), for: SharedInput(block.query, block.key, block.value), member)
        }
        observed(.queriesKeysValues, member) {
            multiply(
                product(
                    block.query, of: workspace.normed, stride: width, tokens: chunk.count, bias: nil, to: queries,
                    stride: queryWidth), member)
            multiply(
                product(
                    block.key, of: workspace.normed, stride: width, tokens: chunk.count, bias: nil, to: keys, stride: dimension),
                product(
                    block.value, of: workspace.normed, stride: width, tokens: chunk.count, bias: nil, to: values,
                    stride: dimension), member)
        }
        observed(.rotary, member) { rotate(queries: queries, keys: keys, values: values, layer: layer, chunk, member) }
        observed(.attention, member) { attend(block, queries: queries, chunk, member) }
        observed(.ring, member) {
            member.share(chunk.count) { tokens in
                for token in tokens {
                    store(block, token: token, chunk)
                    expect(
                        quantize(queries + token * queryWidth, token: token, for: SharedInput(block.output)),
                        Place(.attention, layer: layer), member)
                }
            }
        }
        observed(.attentionOutput, member) {
            multiply(
                product(
                    block.output, of: queries, stride: queryWidth, tokens: chunk.count, bias: block.outputBias,
                    to: workspace.residual, stride: width, accumulates: true), member)
        }
    }

    /// Rotates queries and keys to their positions and puts keys and values in ``Workspace/chunkKeys``
    /// and ``Workspace/chunkValues``.
    private func rotate(
        queries: UnsafeMutablePointer<Float>, keys: UnsafeMutablePointer<Float>, values: UnsafeMutablePointer<Float>,
        layer: Int, _ chunk: Chunk, _ member: TeamMember
    ) {
        let heads = configuration.headCount, dimension = configuration.headDimension, half = rotary.half
        let scale = 1 / Float(dimension).squareRoot()
        member.share(chunk.count) { tokens in
            for token in tokens {
                let cosines = workspace.cosines + token * half, sines = workspace.sines + token * half
                let query = queries + token * heads * dimension, key = keys + token * dimension
                kernels.rotate(query, heads, dimension, half, cosines, sines, scale)
                kernels.rotate(key, 1, dimension, half, cosines, sines, 1)
                expect(kernels.areFinite(query, heads * dimension), Place(.queries, layer: layer), member)
                expect(write(key, to: workspace.chunkKeys, token: token), Place(.keys, layer: layer), member)
                let value = values + token * dimension
                expect(write(value, to: workspace.chunkValues, token: token), Place(.values, layer: layer), member)
            }
        }
    }

    /// Stores a key or a value of the chunk as the ring will hold it. False if it is not finite.
    private func write(_ numbers: UnsafePointer<Float>, to vectors: CachedVectors, token: Int) -> Bool {
        let dimension = configuration.headDimension
        switch weights.cacheElement {
        case .f16:
            let halves = vectors.numbers.assumingMemoryBound(to: UInt16.self) + token * dimension
            let exponent = kernels.narrow(numbers, halves, dimension)
            vectors.exponents[token] = exponent ?? 0
            return exponent != nil
        case .f32:
            (vectors.numbers.assumingMemoryBound(to: Float.self) + token * dimension).update(from: numbers, count: dimension)
            vectors.exponents[token] = 0
            return kernels.areFinite(numbers, dimension)
        }
    }

    /// Attention, whose output replaces the queries.
    private func attend(_ block: AttentionBlock, queries: UnsafeMutablePointer<Float>, _ chunk: Chunk, _ member: TeamMember) {
        let heads = configuration.headCount, queryWidth = heads * configuration.headDimension
        let operands = LocalAttention(
            queries: queries, queryStride: queryWidth, output: queries, outputStride: queryWidth, heads: heads,
            dimension: configuration.headDimension, window: configuration.window, position: chunk.position,
            element: weights.cacheElement, ringKeys: chunk.state.keys(block.index), ringValues: chunk.state.values(block.index),
            chunkKeys: workspace.chunkKeys, chunkValues: workspace.chunkValues)
        let scratch = workspace.scratch + member.index * workspace.scratchCount
        if chunk.count == 1 {
            // As few shares as there are members: kernels take the heads of a token side by side, up to 16 in the time of one.
            member.share(heads, atLeast: (heads + member.count - 1) / member.count) { kernels.attend(operands, 0..<1, $0, scratch) }
        } else {
            member.share(chunk.count) { kernels.attend(operands, $0, 0..<heads, scratch) }
        }
    }

    /// Copies a token's key and value to the speculation; without one to the ring, unless a later token takes the slot.
    private func store(_ block: AttentionBlock, token: Int, _ chunk: Chunk) {
        let bytes = configuration.headDimension * weights.cacheElement.bytes
        let keys: CachedVectors, values: CachedVectors, slot: Int
        if let speculation = chunk.speculation {
            (keys, values, slot) = (speculation.keys(block.index), speculation.values(block.index), token)
        } else {
            let first = max(0, chunk.count - configuration.window)
            guard token >= first else { return }
            (keys, values) = (chunk.state.keys(block.index), chunk.state.values(block.index))
            slot = Int((chunk.position + Int64(token)) % Int64(configuration.window))
            undo.keep(slot: slot, as: token - first, ofAttention: block.index, in: chunk.state)
        }
        workspace.chunkKeys.copy(token, to: keys, at: slot, bytes: bytes)
        workspace.chunkValues.copy(token, to: values, at: slot, bytes: bytes)
    }
}
