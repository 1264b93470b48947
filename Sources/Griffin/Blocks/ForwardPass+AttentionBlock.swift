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

    /// Attention, whose output replaces the queries.
    private func attend(_ block: AttentionBlock, queries: UnsafeMutablePointer<Float>, _ chunk: Chunk, _ member: TeamMember) {
        let heads = configuration.headCount, scratch = workspace.scratch(member.index)
        // A token's heads are divided only if there are fewer tokens than members: kernels take its heads side by side, up to 16 in
        // the time of one.
        let parts = max(1, min(heads, member.count / chunk.count))
        member.share(chunk.count * parts) { items in
            guard parts > 1 else {
                return chunk.forEachRun(in: items) { number, tokens in
                    let first = chunk.tokens(ofRun: number).lowerBound
                    let ofRun = tokens.lowerBound - first..<tokens.upperBound - first
                    kernels.attend(operands(block, queries: queries, run: number, chunk), ofRun, 0..<heads, scratch)
                }
            }
            for item in items {
                let token = item / parts, part = item % parts, number = chunk.run(of: token)
                let ofRun = token - chunk.tokens(ofRun: number).lowerBound
                kernels.attend(
                    operands(block, queries: queries, run: number, chunk), ofRun..<ofRun + 1,
                    heads * part / parts..<heads * (part + 1) / parts, scratch)
            }
        }
    }

    /// The operands for a run's tokens, counted from its first.
    private func operands(
        _ block: AttentionBlock, queries: UnsafeMutablePointer<Float>, run number: Int, _ chunk: Chunk
    ) -> LocalAttention {
        let run = chunk.runs[number], first = chunk.tokens(ofRun: number).lowerBound
        let queryWidth = configuration.headCount * configuration.headDimension
        let queries = queries + first * queryWidth
        return LocalAttention(
            queries: queries, queryStride: queryWidth, output: queries, outputStride: queryWidth, heads: configuration.headCount,
            dimension: configuration.headDimension, window: configuration.window, position: run.position,
            element: weights.cacheElement, ringKeys: run.state.keys(block.index), ringValues: run.state.values(block.index),
            chunkKeys: workspace.chunkKeys.from(first, bytes: vectorBytes),
            chunkValues: workspace.chunkValues.from(first, bytes: vectorBytes))
    }

    /// Bytes of a key or a value.
    private var vectorBytes: Int { configuration.headDimension * weights.cacheElement.bytes }

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
