import Griffin
import KernelTypes
import Kernels
import ModelFile
import Testing

@testable import Griffin

/// A model file with all that it takes to run it, as tests want it.
final class RunnableModel {
    let weights: Weights
    let pass: ForwardPass
    var configuration: Configuration { weights.configuration }

    init(
        file: String, kernels: KernelSet = Kernels.best, threads: Int = 2, chunk: Int = 256,
        runs: Int = ForwardPass.usualRunCapacity
    ) throws {
        let file = try ModelFile(path: file)
        weights = try Weights(file: file, configuration: try Configuration(parsing: file.metadata.configuration))
        let team = ThreadTeam(count: threads)
        pass = try #require(
            ForwardPass(weights: weights, kernels: kernels, team: team, chunkCapacity: chunk, runCapacity: runs))
    }

    func makeState() throws -> State { try #require(State(configuration, element: weights.cacheElement)) }

    /// The logits after each token, fed in chunks of the sizes that `sizes` repeats. [tokens × vocabulary]
    func logits(_ tokens: [Int], to given: State? = nil, chunksOf sizes: [Int] = [256]) throws -> [Float] {
        let state = try given ?? makeState()
        let vocabulary = configuration.vocabularySize
        var logits = [Float](repeating: 0, count: tokens.count * vocabulary)
        let ids = tokens.map(UInt32.init)
        var first = 0, turn = 0
        while first < ids.count {
            let end = min(ids.count, first + min(sizes[turn % sizes.count], pass.chunkCapacity))
            do {
                try ids[first..<end].withUnsafeBufferPointer { chunk in
                    try logits.withUnsafeMutableBufferPointer {
                        try pass.feed(chunk, to: state, output: .all($0.baseAddress! + first * vocabulary))
                    }
                }
            } catch ForwardPassError.nonFinite(let numbers) {
                throw numbers
            }
            first = end
            turn += 1
        }
        return logits
    }

    /// Feeds tokens to several states in one pass; `logits` receives those after each one's last token. [states × vocabulary]
    func feed(
        _ tokens: [[UInt32]], to states: [State], logits: inout [Float], speculations: [Int: Speculation] = [:]
    ) throws {
        let vocabulary = configuration.vocabularySize
        try logits.withUnsafeMutableBufferPointer { logits in
            try tokens.flatMap(\.self).withUnsafeBufferPointer { all in
                var runs: [Run] = [], first = 0
                for (number, state) in states.enumerated() {
                    runs.append(
                        Run(
                            UnsafeBufferPointer(rebasing: all[first..<first + tokens[number].count]), to: state,
                            output: .last(logits.baseAddress! + number * vocabulary), speculation: speculations[number]))
                    first += tokens[number].count
                }
                try runs.withUnsafeBufferPointer { try pass.feed($0) }
            }
        }
    }

    /// `count` tokens after a prompt, each the one with the largest logit, and its margin to the second largest.
    func greedy(after prompt: [Int], count: Int) throws -> [(token: Int, margin: Float)] {
        let state = try makeState()
        let vocabulary = configuration.vocabularySize
        var last = Array(try logits(prompt, to: state).suffix(vocabulary))
        var result: [(token: Int, margin: Float)] = []
        for _ in 0..<count {
            let best = last.indices.max { last[$0] < last[$1] }!
            let second = last.indices.filter { $0 != best }.map { last[$0] }.max()!
            result.append((best, last[best] - second))
            last = try logits([best], to: state)
        }
        return result
    }

    /// The residual stream of some tokens: the scaled embeddings, then after each layer. [layers + 1][tokens × width]
    func residuals(_ tokens: [Int]) throws -> [[Float]] {
        let job = TraceJob(pass, count: tokens.count)
        let state = try makeState()
        tokens.map(UInt32.init).withUnsafeBufferPointer { tokens in
            withUnsafePointer(to: Run(tokens, to: state, output: .none)) { run in
                let runs = UnsafeBufferPointer(start: run, count: 1)
                job.chunk = Chunk(runs, pass.workspace.tables, vocabulary: configuration.vocabularySize)
                pass.team.run(job)
            }
        }
        return job.streams
    }
}

/// The forward pass with a look at the residual stream after every layer.
private final class TraceJob: TeamJob {
    let pass: ForwardPass
    var chunk: Chunk?
    private(set) var streams: [[Float]] = []
    private let count: Int

    init(_ pass: ForwardPass, count: Int) {
        self.pass = pass
        self.count = count
    }

    func run(_ member: TeamMember) {
        guard let chunk else { return }
        pass.embed(chunk, member)
        keepStream(member)
        for (index, layer) in pass.weights.layers.enumerated() {
            switch layer.temporal {
            case .recurrent(let block): pass.applyRecurrentBlock(block, norm: layer.temporalNorm, layer: index, chunk, member)
            case .attention(let block): pass.applyAttentionBlock(block, norm: layer.temporalNorm, layer: index, chunk, member)
            }
            pass.applyMLP(layer.mlp, norm: layer.channelNorm, layer: index, chunk, member)
            keepStream(member)
        }
    }

    private func keepStream(_ member: TeamMember) {
        // One share: whoever gets it copies, and the others wait.
        member.share(1) { _ in
            streams.append(Array(UnsafeBufferPointer(start: pass.workspace.residual, count: count * pass.configuration.width)))
        }
    }
}

/// The largest absolute difference over the largest absolute value of `right`.
func relativeError(_ left: [Float], _ right: [Float]) -> Float {
    guard left.count == right.count else { return .infinity }
    let largest = right.reduce(0) { max($0, $1.magnitude) }
    let differences = zip(left, right).map { ($0 - $1).magnitude }
    // NaN would compare false.
    return differences.contains { $0.isNaN } ? .infinity : (differences.max() ?? 0) / largest
}

extension Configuration {
    /// google/recurrentgemma-2b.
    static let twoB = Configuration(
        vocabularySize: 256_000, width: 2560, layerCount: 26, headCount: 10, headDimension: 256, recurrentWidth: 2560,
        mlpWidth: 7680, window: 2048, blockPattern: [.recurrent, .recurrent, .attention], endOfTurn: 107)
}
