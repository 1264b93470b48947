import Files
import KernelTypes
import Kernels
import ModelFile
import System
import Tiles

/// Computes a model: takes tokens through all layers and updates a ``State`` (Griffin, arXiv:2402.19427).
///
/// Runs one chunk of tokens at a time, for one state at a time: callers keep others out. Nothing is allocated after `init`, and the
/// result for a token depends neither on how the tokens are divided into chunks, nor on the number of threads.
///
/// The functions in the extensions are run by every member of the team: each does the shares that it gets from `share`, which
/// returns when the others' are done too.
public final class ForwardPass: @unchecked Sendable {
    /// A part of the pass. The cases are in the order in which a token comes to them.
    public enum Operation: String, CaseIterable, Sendable {
        case embedding
        case norm = "norm, quantize"
        case recurrentInput = "linear_x, linear_y"
        case conv1D = "conv1D, quantize"
        case gates
        case rgLRU = "rgLRU, gelu, quantize"
        case recurrentOutput = "linear_out"
        case queriesKeysValues = "q, k, v"
        case rotary
        case attention
        case ring = "ring, quantize"
        case attentionOutput = "o"
        case mlpInput = "gate, up"
        case gelu = "gelu, quantize"
        case mlpOutput = "down"
        case head
    }

    /// Which logits are wanted of a chunk, and where they go.
    public enum Output {
        case none
        /// Those after the last token. [vocabulary]
        case last(UnsafeMutablePointer<Float>)
        /// Those after every token. [tokens × vocabulary]
        case all(UnsafeMutablePointer<Float>)

        /// True if there are any.
        var isWanted: Bool { if case .none = self { false } else { true } }
    }

    /// The model.
    public let weights: Weights
    /// The kernels that compute.
    public let kernels: KernelSet
    /// The threads that share each operation's work.
    public let team: ThreadTeam
    /// Tokens that a chunk may have.
    public var chunkCapacity: Int { workspace.chunkCapacity }
    /// Bytes in memory, besides weights, states and what reads weights from the disk (``streamBytes(_:threads:)``).
    public var byteCount: Int { workspace.byteCount + undo.byteCount }

    let configuration: Configuration
    let workspace: Workspace
    let undo: ChunkUndo
    let rotary: RotaryTable
    /// Reads what of the weights doesn't stay in memory; nil if all of it does, or the system is to decide.
    var stream: WeightStream?
    private var current: Chunk?
    /// What watches the pass; nil, as a rule. Not to be changed while a chunk is computed.
    public var observer: (any ForwardPassObserver)?

    /// Nil if the system has no memory for the workspace.
    public init?(weights: Weights, kernels: KernelSet, team: ThreadTeam, chunkCapacity: Int) {
        let capacity = max(1, chunkCapacity)
        guard let workspace = Workspace(weights: weights, kernels: kernels, members: team.count, chunkCapacity: capacity) else {
            return nil
        }
        guard let undo = ChunkUndo(weights.configuration, element: weights.cacheElement, chunkCapacity: capacity) else {
            workspace.deallocate()
            return nil
        }
        self.weights = weights
        self.kernels = kernels
        self.team = team
        configuration = weights.configuration
        rotary = RotaryTable(weights.configuration)
        self.workspace = workspace
        self.undo = undo
    }

    deinit {
        workspace.deallocate()
        undo.deallocate()
    }

    /// Feeds up to ``chunkCapacity`` tokens, each below the vocabulary's size, and moves the state on by as many positions. With a
    /// speculation, which must have room for them, the state stays as it is until the speculation is told how many of the tokens to
    /// accept. State and speculation must be of this model.
    ///
    /// Throws if numbers come up anywhere that are infinite or NaN, even if later steps would hide them; and if the file is guarded
    /// and can't be read any more. The state is then as it was before; speculation and output are of no use.
    public func feed(
        _ tokens: UnsafeBufferPointer<UInt32>, to state: State, output: Output, speculation: Speculation? = nil
    ) throws(ForwardPassError) {
        precondition(tokens.count <= min(chunkCapacity, speculation?.capacity ?? chunkCapacity), "more tokens than a chunk has")
        guard !tokens.isEmpty else { return }
        current = Chunk(tokens: tokens, state: state, output: output, speculation: speculation)
        clearFaults()
        if let stream {
            do throws(FileProblem) {
                try stream.begin(wantsHead: output.isWanted)
            } catch {
                throw .unreadable(error)
            }
        }
        team.run(self)
        current = nil
        if let error = endPass() {
            if speculation == nil { undo.restore(state, count: tokens.count) }
            throw error
        }
        if speculation == nil { state.position += Int64(tokens.count) }
    }

    /// Why the chunk that was just computed is of no use; nil if it can be used.
    private func endPass() -> ForwardPassError? {
        // First, since results computed with zeros, or with anything, may be anything.
        if let problem = unreadable { return .unreadable(problem) }
        return firstFault.map { .nonFinite(NonFiniteNumbers($0, configuration)) }
    }

    /// What the system had against reading the weights of the pass.
    private var unreadable: FileProblem? {
        do throws(FileProblem) {
            try stream?.end()
            try weights.file.checkIntact()
            return nil
        } catch {
            return error
        }
    }
}

/// Tokens on their way through the model.
struct Chunk {
    let tokens: UnsafeBufferPointer<UInt32>
    let state: State
    let output: ForwardPass.Output
    /// Receives what would otherwise change the state.
    var speculation: Speculation?

    var count: Int { tokens.count }
    /// Position of the first token.
    var position: Int64 { state.position }
}

extension ForwardPass: TeamJob {
    /// Computes the current chunk, together with the other members.
    public func run(_ member: TeamMember) {
        guard let chunk = current else { return }
        observed(.embedding, member) { embed(chunk, member) }
        for (index, layer) in weights.layers.enumerated() {
            switch layer.temporal {
            case .recurrent(let block): applyRecurrentBlock(block, norm: layer.temporalNorm, layer: index, chunk, member)
            case .attention(let block): applyAttentionBlock(block, norm: layer.temporalNorm, layer: index, chunk, member)
            }
            applyMLP(layer.mlp, norm: layer.channelNorm, layer: index, chunk, member)
        }
        observed(.head, member) { writeLogits(chunk, member) }
    }

    /// Runs an operation, through the observer if there is one.
    @inline(__always)
    func observed(_ operation: Operation, _ member: TeamMember, _ body: () -> Void) {
        guard let observer, member.index == 0 else { return body() }
        observer.run(operation, body)
    }

    /// The residual stream starts with the tokens' embeddings × sqrt(width); rotary angles are computed on the way.
    func embed(_ chunk: Chunk, _ member: TeamMember) {
        let width = configuration.width
        member.share(chunk.count) { tokens in
            for token in tokens {
                let row = Int(chunk.tokens[token])
                let embedding = stream?.embedding(weights.embedding, token: row, member: member.index) ?? weights.embedding
                kernels.row(embedding, row, configuration.embeddingScale, workspace.residual + token * width)
                rotary.write(
                    position: chunk.position + Int64(token), cosines: workspace.cosines + token * rotary.half,
                    sines: workspace.sines + token * rotary.half)
            }
        }
    }

    /// After the final norm the embedding serves as the head; then the soft cap.
    private func writeLogits(_ chunk: Chunk, _ member: TeamMember) {
        let width = configuration.width, vocabulary = configuration.vocabularySize
        let first: Int, logits: UnsafeMutablePointer<Float>
        switch chunk.output {
        case .none: return
        case .last(let pointer): (first, logits) = (chunk.count - 1, pointer)
        case .all(let pointer): (first, logits) = (0, pointer)
        }
        let tokens = chunk.count - first
        let end = configuration.layerCount
        normalize(
            workspace.residual + first * width, from: stream(before: end), tokens: tokens, weight: weights.finalNorm,
            as: Place(.finalNorm, layer: end), for: SharedInput(weights.embedding), member)
        let product = product(
            weights.embedding, of: workspace.normed, stride: width, tokens: tokens, bias: nil, to: logits, stride: vocabulary)
        observer?.willMultiply(product, member)
        shareRowTiles(of: product, member) { product, rowTiles in
            kernels.multiply(product, rowTiles)
            let rows = rowTiles.lowerBound * Tile.rows..<min(vocabulary, rowTiles.upperBound * Tile.rows)
            for token in 0..<tokens {
                let values = logits + token * vocabulary + rows.lowerBound
                // The soft cap would make 30 of infinity.
                expect(kernels.areFinite(values, rows.count), Place(.head, layer: end), member)
                kernels.softCap(values, rows.count, configuration.logitsSoftCap)
            }
        }
    }
}
