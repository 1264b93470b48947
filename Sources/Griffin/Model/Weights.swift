import Glibc
import KernelTypes
import ModelFile
import System
import Tiles

/// The weights of a model, in place in its mapped file.
///
/// Takes microseconds and touches no matrix. The only numbers that are computed and held in memory are the RG-LRU's decays: one f32
/// per channel of each recurrent layer, 184 KB in the 2B model.
public final class Weights: @unchecked Sendable {
    /// The model's shape and constants.
    public let configuration: Configuration
    /// Keeps the mapping.
    public let file: ModelFile
    /// Weights of the model, the tied head counted once.
    public let parameterCount: Int
    /// Bytes of the file that are read to decode a token: every tensor, the embedding only as the head.
    public let bytesPerToken: Int
    /// Bytes in memory besides the mapping.
    public var allocatedBytes: Int { Self.decayCount(configuration) * MemoryLayout<Float>.size }

    /// How attention keys and values are kept: as f16, except for models whose matrices are all f32, which exist to be compared.
    public let cacheElement: CacheElement

    let layers: [Layer]
    /// [width]
    let finalNorm: UnsafePointer<Float>
    /// [vocabulary × width]: also the head.
    let embedding: TiledMatrix
    private let decays: UnsafeMutablePointer<Float>

    /// Finds every tensor that `configuration` asks for. Throws for one that is missing, one too many, or
    /// one of another shape or layout.
    public init(file: ModelFile, configuration: Configuration) throws(FileProblem) {
        parameterCount = try Self.check(file, against: configuration)
        self.file = file
        self.configuration = configuration
        cacheElement = file.tensors.allSatisfy { $0.type == .f32 } ? .f32 : .f16
        bytesPerToken = file.tensors.reduce(0) { $0 + $1.byteCount }

        let reader = TensorReader(file: file)
        guard let decays = SystemMemory.zeroed(Float.self, count: Self.decayCount(configuration)) else {
            throw FileProblem(
                .memory, path: file.path, problem: "no memory for the recurrences' decays", advice: "close other programs")
        }
        do throws(FileProblem) {
            layers = try LayerReader(tensors: reader, configuration: configuration, decays: decays).layers()
            finalNorm = try reader.vector(Configuration.finalNormName)
            embedding = try reader.matrix(Configuration.embeddingName)
        } catch {
            free(decays)
            throw error
        }
        self.decays = decays
    }

    deinit { free(decays) }

    private static func decayCount(_ configuration: Configuration) -> Int {
        configuration.recurrentWidth * configuration.layerCount(of: .recurrent)
    }

    /// Throws unless the file has just the tensors of a model; returns how many weights they have.
    private static func check(_ file: ModelFile, against configuration: Configuration) throws(FileProblem) -> Int {
        var tensorCount = 0, weightCount = 0
        // Layer by layer: a small file may claim a thousand layers and not even have the first.
        for layer in 0..<configuration.layerCount {
            try check(file, against: configuration.layerPlan(layer), &tensorCount, &weightCount)
        }
        try check(file, against: configuration.lastPlan, &tensorCount, &weightCount)
        if file.tensors.count != tensorCount {
            let known = Set(configuration.tensorPlan.map(\.name))
            if let extra = file.tensors.first(where: { !known.contains($0.name) }) {
                throw FileProblem.notRunnable(file.path, "has a tensor that its configuration doesn't know, \(extra.name)")
            }
        }
        // A rule of the format, on which reading ahead depends.
        if let (planned, tensor) = zip(configuration.tensorPlan, file.tensors).first(where: { $0.name != $1.name }) {
            throw FileProblem.notRunnable(
                file.path,
                "has its tensors in another order than a token passes them: \(tensor.name) stands where \(planned.name) should")
        }
        return weightCount
    }

    private static func check(
        _ file: ModelFile, against plan: [PlannedTensor], _ tensorCount: inout Int, _ weightCount: inout Int
    ) throws(FileProblem) {
        func fail(_ problem: String) -> FileProblem { FileProblem.notRunnable(file.path, problem) }
        for planned in plan {
            guard let tensor = file.tensor(named: planned.name) else { throw fail("has no tensor \(planned.name)") }
            guard tensor.dimensions == planned.dimensions else {
                throw fail(
                    "tensor \(planned.name) has the shape \(tensor.dimensions), "
                        + "but its configuration asks for \(planned.dimensions)")
            }
            guard tensor.isTiled == planned.isTiled, planned.isTiled || tensor.type == .f32 else {
                throw fail("tensor \(planned.name) is not \(planned.isTiled ? "tiled" : "plain f32")")
            }
            weightCount += planned.dimensions.reduce(1, *)
        }
        tensorCount += plan.count
    }
}

/// Looks tensors up in a file whose tensors have been checked.
private struct TensorReader {
    let file: ModelFile

    private func tensor(_ name: String) throws(FileProblem) -> TensorEntry {
        guard let tensor = file.tensor(named: name) else { throw FileProblem.notRunnable(file.path, "has no tensor \(name)") }
        return tensor
    }

    func vector(_ name: String) throws(FileProblem) -> UnsafePointer<Float> {
        guard let start = file.bytes(of: try tensor(name)).baseAddress else {
            throw FileProblem.notRunnable(file.path, "tensor \(name) is empty")
        }
        return start.assumingMemoryBound(to: Float.self)
    }

    func matrix(_ name: String) throws(FileProblem) -> TiledMatrix {
        let tensor = try tensor(name)
        guard let shape = tensor.matrixShape, let start = file.bytes(of: tensor).baseAddress, let number = file.number(of: tensor)
        else { throw FileProblem.notRunnable(file.path, "tensor \(name) is not a matrix") }
        return TiledMatrix(tiles: start, shape: shape, type: tensor.type, number: number)
    }
}

/// Puts the tensors of each layer in their places.
private struct LayerReader {
    let tensors: TensorReader
    let configuration: Configuration
    /// [recurrent layers × recurrentWidth]
    let decays: UnsafeMutablePointer<Float>

    func layers() throws(FileProblem) -> [Layer] {
        var layers: [Layer] = []
        var recurrentCount = 0
        for index in 0..<configuration.layerCount {
            let name = "model.layers.\(index)."
            let temporal: Layer.TemporalBlock
            switch configuration.kind(ofLayer: index) {
            case .recurrent:
                temporal = .recurrent(try recurrentBlock(name + "temporal_block.", index: recurrentCount))
                recurrentCount += 1
            case .attention:
                temporal = .attention(try attentionBlock(name + "temporal_block.", index: index - recurrentCount))
            }
            layers.append(
                Layer(
                    temporalNorm: try tensors.vector(name + "temporal_pre_norm.weight"),
                    temporal: temporal,
                    channelNorm: try tensors.vector(name + "channel_pre_norm.weight"),
                    mlp: try mlp(name + "mlp_block.")))
        }
        return layers
    }

    private func recurrentBlock(_ name: String, index: Int) throws(FileProblem) -> RecurrentBlock {
        RecurrentBlock(
            index: index,
            linearX: try tensors.matrix(name + "linear_x.weight"),
            linearY: try tensors.matrix(name + "linear_y.weight"),
            linearXBias: try tensors.vector(name + "linear_x.bias"),
            linearYBias: try tensors.vector(name + "linear_y.bias"),
            taps: try tensors.vector(name + "conv_1d.weight"),
            convolutionBias: try tensors.vector(name + "conv_1d.bias"),
            inputGate: try tensors.matrix(name + "rg_lru.input_gate_weight"),
            recurrentGate: try tensors.matrix(name + "rg_lru.recurrent_gate_weight"),
            inputGateBias: try tensors.vector(name + "rg_lru.input_gate_bias"),
            recurrentGateBias: try tensors.vector(name + "rg_lru.recurrent_gate_bias"),
            decay: try decay(from: name + "rg_lru.recurrent_param", index: index),
            linearOut: try tensors.matrix(name + "linear_out.weight"),
            linearOutBias: try tensors.vector(name + "linear_out.bias"))
    }

    private func attentionBlock(_ name: String, index: Int) throws(FileProblem) -> AttentionBlock {
        AttentionBlock(
            index: index,
            query: try tensors.matrix(name + "q_proj.weight"),
            key: try tensors.matrix(name + "k_proj.weight"),
            value: try tensors.matrix(name + "v_proj.weight"),
            output: try tensors.matrix(name + "o_proj.weight"),
            outputBias: try tensors.vector(name + "o_proj.bias"))
    }

    private func mlp(_ name: String) throws(FileProblem) -> MLP {
        MLP(
            gate: try tensors.matrix(name + "gate_proj.weight"),
            up: try tensors.matrix(name + "up_proj.weight"),
            gateBias: try tensors.vector(name + "gate_proj.bias"),
            upBias: try tensors.vector(name + "up_proj.bias"),
            down: try tensors.matrix(name + "down_proj.weight"),
            downBias: try tensors.vector(name + "down_proj.bias"))
    }

    /// -8 · softplus(parameter), the factor of log a that does not change (Griffin, arXiv:2402.19427, equation 6: c = 8).
    /// Throws for a parameter that is infinite or NaN: an infinite one gives a decay that nothing later would show.
    private func decay(from name: String, index: Int) throws(FileProblem) -> UnsafePointer<Float> {
        let parameter = try tensors.vector(name)
        let width = configuration.recurrentWidth
        let values = decays + index * width
        for channel in 0..<width {
            guard parameter[channel].isFinite else {
                let problem = "has weights that are not finite in tensor \(name), the first at [\(channel)]"
                throw FileProblem.notRunnable(tensors.file.path, problem)
            }
            let x = Double(parameter[channel])
            // softplus(x) = log(1 + eˣ), without overflow for large x.
            values[channel] = Float(-8 * (max(x, 0) + log1p(exp(-x.magnitude))))
        }
        return UnsafePointer(values)
    }
}
