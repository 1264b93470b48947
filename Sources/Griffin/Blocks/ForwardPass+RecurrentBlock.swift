import KernelTypes
import Kernels
import Tiles

extension ForwardPass {
    /// A recurrent block: `residual += linear_out(rgLRU(conv1D(linear_x(x))) · gelu(linear_y(x)))` with x = norm(residual)
    /// (Griffin, arXiv:2402.19427, section 2.3).
    func applyRecurrentBlock(_ block: RecurrentBlock, norm: UnsafePointer<Float>, layer: Int, _ chunk: Chunk, _ member: TeamMember)
    {
        let width = configuration.width, recurrentWidth = configuration.recurrentWidth
        observed(.norm, member) {
            normalize(
                chunk, from: stream(before: layer), weight: norm, as: Place(.temporalNorm, layer: layer),
                for: SharedInput(block.linearX, block.linearY), member)
        }
        observed(.recurrentInput, member) {
            multiply(
                product(
                    block.linearX, of: workspace.normed, stride: width, tokens: chunk.count, bias: block.linearXBias,
                    to: workspace.wide, stride: recurrentWidth),
                product(
                    block.linearY, of: workspace.normed, stride: width, tokens: chunk.count, bias: block.linearYBias,
                    to: workspace.wide2, stride: recurrentWidth), member)
        }
        observed(.conv1D, member) { convolve(block, layer: layer, chunk, member) }
        observed(.gates, member) {
            multiply(
                product(
                    block.inputGate, of: workspace.mixed, stride: recurrentWidth, tokens: chunk.count, bias: block.inputGateBias,
                    to: workspace.gate, stride: recurrentWidth),
                product(
                    block.recurrentGate, of: workspace.mixed, stride: recurrentWidth, tokens: chunk.count,
                    bias: block.recurrentGateBias, to: workspace.wide, stride: recurrentWidth), member)
        }
        observed(.rgLRU, member) { scan(block, layer: layer, chunk, member) }
        observed(.recurrentOutput, member) {
            multiply(
                product(
                    block.linearOut, of: workspace.mixed, stride: recurrentWidth, tokens: chunk.count, bias: block.linearOutBias,
                    to: workspace.residual, stride: width, accumulates: true), member)
        }
    }

    /// The temporal convolution from ``Workspace/wide`` to ``Workspace/mixed``, run by run and one head at a time, quantized for the
    /// gates.
    private func convolve(_ block: RecurrentBlock, layer: Int, _ chunk: Chunk, _ member: TeamMember) {
        let width = configuration.recurrentWidth, headWidth = configuration.gateBlockWidth
        let gates = block.inputGate.shape, inputs = SharedInput(block.inputGate, block.recurrentGate)
        shareRuns(chunk, parts: configuration.headCount, member) { number, heads in
            let run = chunk.runs[number], tokens = chunk.tokens(ofRun: number)
            let input = workspace.wide + tokens.lowerBound * width
            let channels = heads.lowerBound * headWidth..<heads.upperBound * headWidth
            let operands = Convolution(
                input: input, output: workspace.mixed + tokens.lowerBound * width, stride: width, tokens: tokens.count,
                taps: block.taps, bias: block.convolutionBias, history: run.history(block), width: width)
            run.keepInputs(block, input, width: width, channels)
            kernels.convolve(operands, channels)
            guard let part = MatrixShape(count: heads.count, rows: gates.rows, columns: gates.columns) else { return }
            let firstCode = heads.lowerBound * gates.columnTiles * Tile.columns
            for token in tokens {
                let start = token * width + channels.lowerBound
                expect(
                    quantize(workspace.mixed + start, part, token: token, firstCode: firstCode, for: inputs),
                    Place(.convolution, layer: layer), run: number, member)
            }
        }
    }

    /// The RG-LRU over ``Workspace/mixed``, run by run, times gelu of linear_y's result, quantized for linear_out.
    private func scan(_ block: RecurrentBlock, layer: Int, _ chunk: Chunk, _ member: TeamMember) {
        let width = configuration.recurrentWidth
        shareRunsAndColumns(chunk, width, member) { number, columns in
            let run = chunk.runs[number], tokens = chunk.tokens(ofRun: number)
            for token in tokens {
                let start = token * width + columns.lowerBound
                let areFinite =
                    kernels.areFinite(workspace.gate + start, columns.count)
                    && kernels.areFinite(workspace.wide + start, columns.count)
                expect(areFinite, Place(.gates, layer: layer), run: number, member)
            }
            let first = tokens.lowerBound * width, mixed = workspace.mixed + first
            let operands = Recurrence(
                input: mixed, inputGate: workspace.gate + first, recurrentGate: workspace.wide + first, output: mixed,
                stride: width, tokens: tokens.count, decay: block.decay, state: run.hidden(block), width: width,
                startsSequence: run.position == 0)
            run.prepareHidden(block, columns)
            kernels.scan(operands, columns)
            run.keepHidden(block, mixed, width: width, columns)
            for token in tokens {
                let start = token * width + columns.lowerBound
                kernels.multiplyByGELU(workspace.wide2 + start, workspace.mixed + start, workspace.mixed + start, columns.count)
                expect(
                    quantize(workspace.mixed + start, columns: columns, token: token, for: SharedInput(block.linearOut)),
                    Place(.rgLRU, layer: layer), run: number, member)
            }
        }
    }
}

/// What the kernels of a recurrent block update: the state, after what was there is kept for the way back. With a speculation: a copy
/// of the state, and what each token makes of it is kept.
extension Run {
    /// The last three inputs of the convolution. [3 × recurrentWidth]
    fileprivate func history(_ block: RecurrentBlock) -> UnsafeMutablePointer<Float> {
        speculation?.workingHistory(block.index) ?? state.history(block.index)
    }

    /// h. [recurrentWidth]
    fileprivate func hidden(_ block: RecurrentBlock) -> UnsafeMutablePointer<Float> {
        speculation?.workingHidden(block.index) ?? state.hidden(block.index)
    }

    /// Before the convolution of some channels: keeps its `inputs` [tokens × width].
    fileprivate func keepInputs(
        _ block: RecurrentBlock, _ inputs: UnsafePointer<Float>, width: Int, _ channels: Range<Int>
    ) {
        guard let speculation else {
            for row in 1...3 {
                let floats = row * width + channels.lowerBound..<row * width + channels.upperBound
                state.keep(floats, ofRecurrent: block.index)
            }
            return
        }
        copy(channels, rows: 3, width: width, from: state.history(block.index), to: speculation.workingHistory(block.index))
        copy(channels, rows: count, width: width, from: inputs, to: speculation.inputs(block.index))
    }

    /// Before the scan of some channels.
    fileprivate func prepareHidden(_ block: RecurrentBlock, _ channels: Range<Int>) {
        guard let speculation else { return state.keep(channels, ofRecurrent: block.index) }
        copy(channels, rows: 1, width: 0, from: state.hidden(block.index), to: speculation.workingHidden(block.index))
    }

    /// After the scan of some channels: keeps h after each token [tokens × width].
    fileprivate func keepHidden(_ block: RecurrentBlock, _ hidden: UnsafePointer<Float>, width: Int, _ channels: Range<Int>) {
        guard let speculation else { return }
        copy(channels, rows: count, width: width, from: hidden, to: speculation.hidden(block.index))
    }

    private func copy(
        _ channels: Range<Int>, rows: Int, width: Int, from source: UnsafePointer<Float>, to target: UnsafeMutablePointer<Float>
    ) {
        for row in 0..<rows {
            let start = row * width + channels.lowerBound
            (target + start).update(from: source + start, count: channels.count)
        }
    }
}
