import Checkpoint
import Foundation
import TestSupport

/// RecurrentGemma written down a second time, in Double, one token after the other, straight from the checkpoint: slow and plain.
///
/// It can make the mistakes that implementations are known to make, which shows that the reference
/// outputs would catch each of them.
struct NaiveGriffin {
    /// What implementations get wrong (`tools/oracle/README.md`), as far as shapes allow it to go unnoticed.
    enum Mistake: String, CaseIterable {
        case embeddingScaleNotRounded
        case normMultipliesByWeightAlone
        case mlpBesideTheTemporalBlock
        case geluByErrorFunction
        case convolutionTapsReversed
        case convolutionWithoutBias
        case gatesTransposed
        case gatesReadTheConvolutionsInput
        case firstPositionLikeOthers
        case rotaryInterleaved
        case rotaryOverTheWholeHead
        case scoresNotScaled
        case windowOneLonger
        case headScaledAsTheEmbedding
        case noSoftCap
    }

    let configuration: HubConfiguration
    let mistake: Mistake?
    private let tensors: [String: [Double]]

    init(folder: String, mistake: Mistake? = nil) throws {
        let checkpoint = try Checkpoint(folder: folder)
        configuration = checkpoint.configuration
        self.mistake = mistake
        var tensors: [String: [Double]] = [:]
        for tensor in checkpoint.tensors {
            var values = [Float](repeating: 0, count: tensor.count)
            try values.withUnsafeMutableBufferPointer {
                try checkpoint.read(tensor, elements: 0..<tensor.count, into: $0.baseAddress!)
            }
            tensors[tensor.name] = values.map(Double.init)
        }
        self.tensors = tensors
    }

    private init(_ configuration: HubConfiguration, _ tensors: [String: [Double]], _ mistake: Mistake?) {
        self.configuration = configuration
        self.tensors = tensors
        self.mistake = mistake
    }

    /// The same weights, with a mistake.
    func making(_ mistake: Mistake) -> NaiveGriffin { NaiveGriffin(configuration, tensors, mistake) }

    /// The weights as a file of type f16 has them: matrices are rounded.
    func withMatricesInF16() -> NaiveGriffin {
        let isMatrix = { (name: String) in
            ["_proj.weight", "linear_x.weight", "linear_y.weight", "linear_out.weight", "gate_weight", "embed_tokens.weight"]
                .contains { name.hasSuffix($0) }
        }
        let rounded = tensors.map { ($0, isMatrix($0) ? $1.map { Double(Float16($0)) } : $1) }
        return NaiveGriffin(configuration, Dictionary(uniqueKeysWithValues: rounded), mistake)
    }

    /// The logits after each token.
    func logits(_ tokens: [Int]) -> [[Double]] { residuals(tokens).last!.map(logits(ofResidual:)) }

    /// The residual stream of every token: the scaled embeddings, then after each layer.
    func residuals(_ tokens: [Int]) -> [[[Double]]] {
        let width = configuration.hiddenSize
        let embedding = tensors["model.embed_tokens.weight"]!
        var stream = tokens.map { token in embedding[token * width..<(token + 1) * width].map { $0 * embeddingScale } }
        var all = [stream]
        for layer in 0..<configuration.layerCount {
            let name = "model.layers.\(layer)."
            let normed = stream.map { norm($0, name + "temporal_pre_norm.weight") }
            let mixed =
                configuration.blockTypes[layer % configuration.blockTypes.count] == "recurrent"
                ? recurrentBlock(normed, name + "temporal_block.")
                : attention(normed, name + "temporal_block.")
            stream = zip(stream, mixed).map { x, mixed in
                let sum = zip(x, mixed).map(+)
                let input = mistake == .mlpBesideTheTemporalBlock ? x : sum
                return zip(sum, mlp(norm(input, name + "channel_pre_norm.weight"), name + "mlp_block.")).map(+)
            }
            all.append(stream)
        }
        return all
    }

    // MARK: - Parts

    private var embeddingScale: Double {
        let root = Double(configuration.hiddenSize).squareRoot()
        if mistake == .embeddingScaleNotRounded { return root }
        // bfloat16 has 8 significant bits.
        let unit = pow(2, floor(log2(root)) - 7)
        return (root / unit).rounded(.toNearestOrEven) * unit
    }

    private func norm(_ x: [Double], _ name: String) -> [Double] {
        let root = (x.reduce(0) { $0 + $1 * $1 } / Double(x.count) + configuration.rmsNormEpsilon).squareRoot()
        return zip(x, tensors[name]!).map { $0 / root * (mistake == .normMultipliesByWeightAlone ? $1 : 1 + $1) }
    }

    private func linear(_ x: [Double], _ name: String, bias: Bool = true) -> [Double] {
        let weight = tensors[name + ".weight"]!
        let bias = bias ? tensors[name + ".bias"]! : []
        return (0..<weight.count / x.count).map { row -> Double in
            let products = zip(weight[row * x.count..<(row + 1) * x.count], x).map { $0 * $1 }
            return products.reduce(bias.isEmpty ? 0 : bias[row], +)
        }
    }

    private func gelu(_ x: Double) -> Double {
        if mistake == .geluByErrorFunction { return x / 2 * (1 + erf(x / 2.0.squareRoot())) }
        let cubic = x + 0.044715 * x * x * x
        return x / 2 * (1 + tanh((2 / Double.pi).squareRoot() * cubic))
    }

    private func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }

    private func recurrentBlock(_ inputs: [[Double]], _ name: String) -> [[Double]] {
        let width = configuration.recurrentWidth
        let taps = tensors[name + "conv_1d.weight"]!, tapBias = tensors[name + "conv_1d.bias"]!
        let decay = tensors[name + "rg_lru.recurrent_param"]!.map { -8 * log1p(exp($0)) }
        let projected = inputs.map { linear($0, name + "linear_x") }
        var h = [Double](repeating: 0, count: width)
        return inputs.indices.map { token in
            let u = (0..<width).map { channel -> Double in
                var sum = mistake == .convolutionWithoutBias ? 0 : tapBias[channel]
                for tap in 0..<4 {
                    let source = token - 3 + (mistake == .convolutionTapsReversed ? 3 - tap : tap)
                    if source >= 0 { sum += taps[channel * 4 + tap] * projected[source][channel] }
                }
                return sum
            }
            let read = mistake == .gatesReadTheConvolutionsInput ? projected[token] : u
            let inputGate = gate(read, name + "rg_lru.input_gate"), recurrentGate = gate(read, name + "rg_lru.recurrent_gate")
            for channel in 0..<width {
                let logA = decay[channel] * sigmoid(recurrentGate[channel])
                let isFirst = token == 0 && mistake != .firstPositionLikeOthers
                h[channel] =
                    exp(logA) * h[channel]
                    + (isFirst ? 1 : (-expm1(2 * logA)).squareRoot()) * u[channel] * sigmoid(inputGate[channel])
            }
            return linear(zip(h, linear(inputs[token], name + "linear_y")).map { $0 * gelu($1) }, name + "linear_out")
        }
    }

    /// Block-diagonal, [heads, inputs, outputs].
    private func gate(_ u: [Double], _ name: String) -> [Double] {
        let weight = tensors[name + "_weight"]!, bias = tensors[name + "_bias"]!
        let block = configuration.recurrentWidth / configuration.headCount
        return u.indices.map { index in
            let head = index / block, output = index % block
            return (0..<block).reduce(bias[index]) { sum, input in
                let (row, column) = mistake == .gatesTransposed ? (output, input) : (input, output)
                return sum + u[head * block + input] * weight[(head * block + row) * block + column]
            }
        }
    }

    private func attention(_ inputs: [[Double]], _ name: String) -> [[Double]] {
        let dimension = configuration.headDimension, heads = configuration.headCount
        let window = configuration.window + (mistake == .windowOneLonger ? 1 : 0)
        let keys = inputs.enumerated().map { rotated(linear($1, name + "k_proj", bias: false), position: $0) }
        let values = inputs.map { linear($0, name + "v_proj", bias: false) }
        return inputs.enumerated().map { position, input in
            let queries = linear(input, name + "q_proj", bias: false)
            let seen = max(0, position - window + 1)...position
            let mixed = (0..<heads).flatMap { head -> [Double] in
                let query = rotated(Array(queries[head * dimension..<(head + 1) * dimension]), position: position)
                let scale = mistake == .scoresNotScaled ? 1 : 1 / Double(dimension).squareRoot()
                let scores = seen.map { zip(query, keys[$0]).reduce(0) { $0 + $1.0 * $1.1 } * scale }
                let weights = scores.map { exp($0 - scores.max()!) }
                let total = weights.reduce(0, +)
                return (0..<dimension).map { index in
                    zip(seen, weights).reduce(0) { $0 + values[$1.0][index] * $1.1 } / total
                }
            }
            return linear(mixed, name + "o_proj")
        }
    }

    private func rotated(_ head: [Double], position: Int) -> [Double] {
        let part = mistake == .rotaryOverTheWholeHead ? 1 : configuration.partialRotaryFactor
        let count = Int(Double(head.count) * part), half = count / 2
        var result = head
        for index in 0..<half {
            let angle = Double(position) * pow(configuration.ropeTheta, -2 * Double(index) / Double(count))
            let (first, second) = mistake == .rotaryInterleaved ? (2 * index, 2 * index + 1) : (index, index + half)
            result[first] = head[first] * cos(angle) - head[second] * sin(angle)
            result[second] = head[second] * cos(angle) + head[first] * sin(angle)
        }
        return result
    }

    private func mlp(_ x: [Double], _ name: String) -> [Double] {
        let gate = linear(x, name + "gate_proj"), up = linear(x, name + "up_proj")
        return linear(zip(gate, up).map { gelu($0) * $1 }, name + "down_proj")
    }

    private func logits(ofResidual residual: [Double]) -> [Double] {
        let x = norm(residual, "model.final_norm.weight")
        let embedding = tensors["model.embed_tokens.weight"]!
        return (0..<configuration.vocabularySize).map { token in
            let scale = mistake == .headScaledAsTheEmbedding ? embeddingScale : 1
            let logit = scale * x.indices.reduce(0) { $0 + embedding[token * x.count + $1] * x[$1] }
            return mistake == .noSoftCap ? logit : configuration.logitsSoftCap * tanh(logit / configuration.logitsSoftCap)
        }
    }
}
