import KernelTypes
import Kernels

extension ForwardPass {
    /// Attention, whose output replaces the queries.
    ///
    /// Each member takes tokens, with all their heads. Of a few tokens, all members compute each one's attention together.
    func attend(_ block: AttentionBlock, queries: UnsafeMutablePointer<Float>, _ chunk: Chunk, _ member: TeamMember) {
        guard divides(chunk, among: member.count) else {
            let heads = configuration.headCount, scratch = workspace.scratch(member.index)
            // Fewer tokens would fill the kernels' lanes badly.
            return member.share(chunk.count, atLeast: 4) { tokens in
                chunk.forEachRun(in: tokens) { number, tokens in
                    let first = chunk.tokens(ofRun: number).lowerBound
                    let ofRun = tokens.lowerBound - first..<tokens.upperBound - first
                    kernels.attend(operands(block, queries: queries, run: number, chunk), ofRun, 0..<heads, scratch)
                }
            }
        }
        // As many at once as there are scratches.
        let count = chunk.count * headGroups
        for first in stride(from: 0, to: count, by: member.count) {
            let attentions = first..<min(count, first + member.count)
            for step in SharedAttention.Step.allCases {
                attendTogether(step, of: attentions, block, queries: queries, chunk, member)
            }
        }
    }

    /// Whether tokens are so few, and what they see so much, that their attention is divided.
    private func divides(_ chunk: Chunk, among members: Int) -> Bool {
        members > 1 && chunk.count < 4 * members && keyCount(0..<chunk.count, chunk) * configuration.headDimension >= leastDivided
    }

    /// The most keys that one of some tokens sees.
    private func keyCount(_ tokens: Range<Int>, _ chunk: Chunk) -> Int {
        var position: Int64 = 0
        for token in tokens {
            let number = chunk.run(of: token)
            position = max(position, chunk.runs[number].position + Int64(token - chunk.tokens(ofRun: number).lowerBound))
        }
        return Int(min(position + 1, Int64(configuration.window)))
    }

    /// Groups of heads that kernels take side by side: those of a token.
    private var headGroups: Int { (configuration.headCount + headsAtOnce - 1) / headsAtOnce }
    private var headsAtOnce: Int { SharedAttention.headLimit }

    /// Shares out a step of some attentions, which are numbered token by token, ``headGroups`` of each.
    private func attendTogether(
        _ step: SharedAttention.Step, of attentions: Range<Int>, _ block: AttentionBlock, queries: UnsafeMutablePointer<Float>,
        _ chunk: Chunk, _ member: TeamMember
    ) {
        let tokens = attentions.lowerBound / headGroups..<(attentions.upperBound - 1) / headGroups + 1
        let parts = SharedAttention.parts(
            of: step, keys: keyCount(tokens, chunk), dimension: configuration.headDimension)
        var prepared = -1
        member.share(attentions.count * parts, atLeast: step == .weights ? 4 : 1) { items in
            var first = items.lowerBound
            while first < items.upperBound {
                let index = first / parts, start = index * parts, end = min(items.upperBound, start + parts)
                let number = attentions.lowerBound + index
                let token = number / headGroups, group = number % headGroups, run = chunk.run(of: token)
                let attention = SharedAttention(
                    operands(block, queries: queries, run: run, chunk), token: token - chunk.tokens(ofRun: run).lowerBound,
                    heads: group * headsAtOnce..<min(configuration.headCount, (group + 1) * headsAtOnce),
                    scratch: workspace.scratch(index))
                kernels.attendTogether(
                    attention, step, first - start..<end - start, prepared != index, workspace.scratch(member.index))
                prepared = index
                first = end
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
    var vectorBytes: Int { configuration.headDimension * weights.cacheElement.bytes }
}
