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
                chunk, from: stream(before: layer), weight: norm, as: Place(.temporalNorm, layer: layer),
                for: SharedInput(block.query, block.key, block.value), member)
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
                chunk.forEachRun(in: tokens) { number, tokens in
                    store(block, tokens, ofRun: number, chunk)
                    for token in tokens {
                        expect(
                            quantize(queries + token * queryWidth, token: token, for: SharedInput(block.output)),
                            Place(.attention, layer: layer), run: number, member)
                    }
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
                let run = chunk.run(of: token)
                expect(kernels.areFinite(query, heads * dimension), Place(.queries, layer: layer), run: run, member)
                expect(write(key, to: workspace.chunkKeys, token: token), Place(.keys, layer: layer), run: run, member)
                let value = values + token * dimension
                expect(write(value, to: workspace.chunkValues, token: token), Place(.values, layer: layer), run: run, member)
            }
        }
    }

    /// Stores a key or a value of a token as the ring will hold it. False if it is not finite.
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

    /// Copies keys and values of a run's tokens to its speculation; without one to the ring, except where a later token takes the
    /// slot.
    private func store(_ block: AttentionBlock, _ tokens: Range<Int>, ofRun number: Int, _ chunk: Chunk) {
        let run = chunk.runs[number], first = chunk.tokens(ofRun: number).lowerBound
        for token in tokens {
            let ofRun = token - first
            let keys: CachedVectors, values: CachedVectors, slot: Int
            if let speculation = run.speculation {
                (keys, values, slot) = (speculation.keys(block.index), speculation.values(block.index), ofRun)
            } else {
                guard ofRun + configuration.window >= run.count else { continue }
                (keys, values) = (run.state.keys(block.index), run.state.values(block.index))
                slot = Int((run.position + Int64(ofRun)) % Int64(configuration.window))
                undo.keep(slot: slot, as: token, ofAttention: block.index, in: run.state)
            }
            workspace.chunkKeys.copy(token, to: keys, at: slot, bytes: vectorBytes)
            workspace.chunkValues.copy(token, to: values, at: slot, bytes: vectorBytes)
        }
    }
}
