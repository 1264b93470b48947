import Files
import KernelTypes
import Kernels
import ModelFile
import System
import Tiles

/// Computes a model: takes tokens through all layers and updates a ``State`` (Griffin, arXiv:2402.19427).
///
/// A pass takes runs of tokens of one or many states, as one chunk; one pass at a time: callers keep others out. Nothing is
/// allocated after `init`, and the result for a token depends neither on how the tokens are divided into runs, nor on what else is
/// in the pass, nor on the number of threads.
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

    /// Which logits are wanted of a run, and where they go.
    public enum Output {
        case none
        /// Those after the last token. [vocabulary]
        case last(UnsafeMutablePointer<Float>)
        /// Those after every token. [tokens × vocabulary]
        case all(UnsafeMutablePointer<Float>)
        /// Those after the tokens from a number on. [tokens from there on × vocabulary]
        case from(Int, UnsafeMutablePointer<Float>)
    }

    /// Runs in a chunk, unless another number is asked for.
    public static let usualRunCapacity = 32

    /// The model.
    public let weights: Weights
    /// The kernels that compute.
    public let kernels: KernelSet
    /// The threads that share each operation's work.
    public let team: ThreadTeam
    /// Tokens that a chunk may have.
    public var chunkCapacity: Int { workspace.chunkCapacity }
    /// Runs that a chunk may have.
    public var runCapacity: Int { workspace.runCapacity }
    /// Bytes in memory, besides weights, states and what reads weights from the disk (``streamBytes(_:threads:)``).
    public var byteCount: Int { workspace.byteCount + undo.byteCount }

    let configuration: Configuration
    let workspace: Workspace
    let undo: RingUndo
    let rotary: RotaryTable
    /// Reads what of the weights doesn't stay in memory; nil if all of it does, or the system is to decide.
    var stream: WeightStream?
    private var current: Chunk?
    /// Numbers of keys that a token must see for its attention to be divided among the members: some 20 µs of work, since each of the
    /// three steps has an end that members wait for.
    var leastDivided = 16_384
    /// What watches the pass; nil, as a rule. Not to be changed while a chunk is computed.
    public var observer: (any ForwardPassObserver)?

    /// For chunks of up to `chunkCapacity` tokens in up to `runCapacity` runs. Nil if the system has no memory for that.
    public init?(
        weights: Weights, kernels: KernelSet, team: ThreadTeam, chunkCapacity: Int, runCapacity: Int = usualRunCapacity
    ) {
        let tokens = max(1, chunkCapacity), runs = max(1, runCapacity)
        let workspace = Workspace(
            weights: weights, kernels: kernels, members: team.count, chunkCapacity: tokens, runCapacity: runs)
        guard let workspace else { return nil }
        guard let undo = RingUndo(weights.configuration, element: weights.cacheElement, chunkCapacity: tokens) else {
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

    /// Feeds tokens to one state: a pass of one run, as ``feed(_:)`` has it.
    public func feed(
        _ tokens: UnsafeBufferPointer<UInt32>, to state: State, output: Output, speculation: Speculation? = nil
    ) throws(ForwardPassError) {
        let run = Run(tokens, to: state, output: output, speculation: speculation)
        try withUnsafePointer(to: run) { run throws(ForwardPassError) in try feed(UnsafeBufferPointer(start: run, count: 1)) }
    }

    /// Feeds each run's tokens to its state, and moves that on by as many positions. With a speculation the state stays as it is
    /// until the speculation is told how many of the tokens to accept. Up to ``runCapacity`` runs with up to ``chunkCapacity``
    /// tokens in all. No two may have the same state, unless both have speculations; no two the same speculation.
    ///
    /// Throws if numbers come up anywhere that are infinite or NaN, even if later steps would hide them: the error names the run,
    /// and others can be fed without it. Throws also if the file is guarded and can't be read any more. All states are then as they
    /// were before; speculations and outputs are of no use.
    ///
    /// `threads` of the team compute it, or all.
    public func feed(_ runs: UnsafeBufferPointer<Run>, threads: Int? = nil) throws(ForwardPassError) {
        checkSizes(runs)
        let chunk = Chunk(runs, workspace.tables, vocabulary: configuration.vocabularySize)
        guard chunk.count > 0 else { return }
        clearFaults(runs: runs.count)
        if let stream {
            do throws(FileProblem) {
                try stream.begin(wantsHead: wantsWholeHead(chunk))
            } catch {
                throw .unreadable(error)
            }
        }
        current = chunk
        team.run(self, members: threads)
        current = nil
        let error = endPass(runs: runs.count)
        for (number, run) in runs.enumerated() where run.speculation == nil && run.count > 0 {
            if error == nil {
                run.state.position += Int64(run.count)
            } else {
                run.state.restoreRecurrentPart()
                undo.restore(run.state, tokens: chunk.tokens(ofRun: number))
            }
        }
        if let error { throw error }
    }

    /// Computes the logits after a token from what a pass kept of it (``Run/streams``), soft-capped, as that pass would have done:
    /// all of them. `stream` is [width], `logits` is [vocabulary].
    public func writeLogits(
        after stream: UnsafePointer<Float>, to logits: UnsafeMutablePointer<Float>
    ) throws(ForwardPassError) {
        clearFaults(runs: 1)
        do throws(FileProblem) { try self.stream?.enter() } catch { throw .unreadable(error) }
        workspace.residual.update(from: stream, count: configuration.width)
        current = Chunk(headOnly: logits, workspace.tables)
        team.run(self)
        current = nil
        if let error = endPass(runs: 1) { throw error }
    }

    private func checkSizes(_ runs: UnsafeBufferPointer<Run>) {
        precondition(runs.count <= runCapacity, "more runs than a chunk has")
        var tokens = 0
        for (number, run) in runs.enumerated() {
            tokens += run.count
            precondition(run.count <= run.speculation?.capacity ?? chunkCapacity, "more tokens than a speculation has")
            precondition(run.speculation != nil || run.state.canBeFed, "a state that only holds a copy")
            for other in 0..<number { precondition(run.isApart(from: runs[other]), "two runs change the same state") }
        }
        precondition(tokens <= chunkCapacity, "more tokens than a chunk has")
    }

    /// Why the pass that was just computed is of no use; nil if it can be used.
    private func endPass(runs: Int) -> ForwardPassError? {
        // First, since results computed with zeros, or with anything, may be anything.
        if let problem = unreadable { return .unreadable(problem) }
        return firstFault(runs: runs).map { .nonFinite(NonFiniteNumbers($0.place, run: $0.run, configuration)) }
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

extension ForwardPass: TeamJob {
    /// Computes the current chunk, together with the other members.
    public func run(_ member: TeamMember) {
        guard let chunk = current else { return }
        if chunk.isHeadOnly { return observed(.head, member) { writeLogits(chunk, member) } }
        observed(.embedding, member) { embed(chunk, member) }
        for (index, layer) in weights.layers.enumerated() {
            switch layer.temporal {
            case .recurrent(let block): applyRecurrentBlock(block, norm: layer.temporalNorm, layer: index, chunk, member)
            case .attention(let block): applyAttentionBlock(block, norm: layer.temporalNorm, layer: index, chunk, member)
            }
            applyMLP(layer.mlp, norm: layer.channelNorm, layer: index, chunk, member)
        }
        keepStreams(chunk, member)
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
            chunk.forEachRun(in: tokens) { number, tokens in
                let run = chunk.runs[number], first = chunk.tokens(ofRun: number).lowerBound
                for token in tokens {
                    let row = Int(run.tokens[token - first])
                    let embedding = stream?.embedding(weights.embedding, token: row, member: member.index) ?? weights.embedding
                    kernels.row(embedding, row, configuration.embeddingScale, workspace.residual + token * width)
                    rotary.write(
                        position: run.position + Int64(token - first), cosines: workspace.cosines + token * rotary.half,
                        sines: workspace.sines + token * rotary.half)
                }
            }
        }
    }
}
