import Checkpoint
import Files
import Glibc
import Griffin
import JSON
import ModelFile
import Quantization
import Text
import Tiles

/// Writes a model file back as a folder of Hugging Face's: `config.json`, `tokenizer.model`, `model.safetensors` and, if the model has
/// a chat template, `chat_template.jinja`.
///
/// Weights are those that the file stands for, a scale times a code: in f32 exactly, in bf16 to nearest, halves to even.
public struct Export: Sendable {
    /// Bytes of numbers that will be written.
    public let byteCount: Int
    private let file: ModelFile
    private let configuration: Configuration
    private let plan: [PlannedTensor]
    private let type: ElementType

    /// Opens a model file to write its weights as f32 or bf16, and reads it whole to verify them. Throws if it is damaged, or no model
    /// that can be run.
    public init(model path: String, type: ElementType) throws(ConversionError) {
        precondition(type != .f16, "f32 or bf16: f16 doesn't hold all weights")
        let model = try VerifiedModel(path: path)
        file = model.file
        configuration = model.configuration
        plan = configuration.tensorPlan
        self.type = type
        byteCount = plan.reduce(0) { $0 + $1.checkpointDimensions.reduce(type.bytes, *) }
    }

    /// Writes the folder, which is made, or must be empty. `progress` and `isCancelled` are called on this thread after each part of a
    /// tensor. Whatever it throws, files that have their names are whole, and `model.safetensors` comes last.
    public func write(
        to folder: String, progress: (_ done: Int) -> Void = { _ in }, isCancelled: () -> Bool = { false }
    ) throws(ConversionError) {
        let target = try translatingFileErrors { () throws(FileError) in
            let target = try Folder(making: folder)
            guard try target.entries().isEmpty else {
                throw FileError(path: folder, problem: "is not empty", advice: "give the name of a new folder")
            }
            return target
        }
        let writer = try translatingFileErrors { () throws(FileError) in
            try SafetensorsWriter(
                target: target.file("model.safetensors"),
                tensors: plan.map { .init(name: $0.name, type: type, dimensions: $0.checkpointDimensions) },
                metadata: [("format", "pt")])
        }
        var done = 0
        for planned in plan {
            try forEachPart(of: planned) { numbers throws(ConversionError) in
                try translatingFileErrors { () throws(FileError) in try append(numbers, to: writer) }
                done += numbers.count * type.bytes
                progress(done)
                if isCancelled() {
                    throw ConversionError(
                        .cancelled, path: folder, problem: "the export was interrupted", advice: "nothing was written")
                }
            }
        }
        // The small files last: until all weights are written, the folder stays empty, and the export can be repeated.
        try translatingFileErrors { () throws(FileError) in
            try AtomicFile.write(hubConfiguration.serialized(indented: true), to: target.file("config.json"))
            try AtomicFile.write(file.metadata.tokenizer, to: target.file("tokenizer.model"))
            if file.metadata.chatTemplate != nil {
                try AtomicFile.write(Array(ChatTemplate.gemmaJinja.utf8), to: target.file("chat_template.jinja"))
            }
            try writer.finish()
        }
    }

    /// Calls `body` with the numbers of a tensor as a checkpoint has them, part by part.
    private func forEachPart(
        of planned: PlannedTensor, _ body: (UnsafeMutableBufferPointer<Float>) throws(ConversionError) -> Void
    ) throws(ConversionError) {
        guard let tensor = file.tensor(named: planned.name), let bytes = file.bytes(of: tensor).baseAddress else { return }
        guard let shape = planned.matrixShape else {
            return try withFloats(planned.dimensions.reduce(1, *)) { numbers throws(ConversionError) in
                Self.copy(bytes.assumingMemoryBound(to: Float.self), of: planned, to: numbers)
                try body(numbers)
            }
        }
        let panel = Panel(columns: shape.columns)
        let decoder = TileDecoder(tensor.type)
        let rowTileBytes = shape.columnTiles * tensor.type.bytesPerTile
        // A matrix that is turned is a part, of any other a row of tiles.
        let isTurned = planned.turn == .transposeEach
        let length = isTurned ? shape.rowTiles : 1
        for start in stride(from: 0, to: shape.count * shape.rowTiles, by: length) {
            let first = shape.rows(ofRowTile: start).lowerBound
            let end = shape.rows(ofRowTile: start + length - 1).upperBound
            try withFloats((end - first) * shape.columns) { numbers throws(ConversionError) in
                guard let result = numbers.baseAddress else { return }
                for rowTile in start..<start + length {
                    let rows = shape.rows(ofRowTile: rowTile)
                    decoder.decode(bytes + rowTile * rowTileBytes, into: panel)
                    if isTurned {
                        panel.store(turnedRows: result + rows.lowerBound - first, stride: shape.rows, count: rows.count)
                    } else {
                        panel.store(rows: result, stride: shape.columns, count: rows.count)
                    }
                }
                try body(numbers)
            }
        }
    }

    /// A plain tensor, the convolution with its channels first.
    private static func copy(
        _ stored: UnsafePointer<Float>, of planned: PlannedTensor, to numbers: UnsafeMutableBufferPointer<Float>
    ) {
        for index in numbers.indices {
            switch planned.turn {
            case .tapsFirst:
                let taps = planned.dimensions[0], width = planned.dimensions[1]
                numbers[index] = stored[index % taps * width + index / taps]
            case .none, .transposeEach: numbers[index] = stored[index]
            }
        }
    }

    private func withFloats(
        _ count: Int, _ body: (UnsafeMutableBufferPointer<Float>) throws(ConversionError) -> Void
    ) throws(ConversionError) {
        let numbers = UnsafeMutableBufferPointer<Float>.allocate(capacity: count)
        defer { numbers.deallocate() }
        try body(numbers)
    }

    /// Writes numbers as the type asks for, bf16 narrowed in place.
    private func append(_ numbers: UnsafeMutableBufferPointer<Float>, to writer: SafetensorsWriter) throws(FileError) {
        guard type == .bf16, let start = UnsafeMutableRawPointer(numbers.baseAddress) else {
            return try writer.append(UnsafeRawBufferPointer(numbers))
        }
        for index in 0..<numbers.count {
            let bits = start.load(fromByteOffset: 4 * index, as: UInt32.self)
            let rounded = bits &+ 0x7FFF &+ ((bits >> 16) & 1)
            start.storeBytes(of: UInt16(rounded >> 16), toByteOffset: 2 * index, as: UInt16.self)
        }
        try writer.append(UnsafeRawBufferPointer(start: start, count: 2 * numbers.count))
    }
}

extension Export {
    /// The configuration as transformers reads it.
    private var hubConfiguration: JSONValue {
        let blocks = JSONValue.array(configuration.blockPattern.map { .string($0.rawValue) })
        func integer(_ value: Int) -> JSONValue { .integer(Int64(value)) }
        return [
            "architectures": ["RecurrentGemmaForCausalLM"],
            "model_type": "recurrent_gemma",
            "_block_types": blocks,
            "block_types": blocks,
            "attention_bias": false,
            "attention_dropout": 0.0,
            "attention_window_size": integer(configuration.window),
            "bos_token_id": integer(Int(configuration.bos)),
            "conv1d_width": integer(Configuration.convolutionTaps),
            "embeddings_scale_by_sqrt_dim": true,
            "eos_token_id": integer(Int(configuration.eos)),
            "head_dim": integer(configuration.headDimension),
            "hidden_activation": "gelu_pytorch_tanh",
            "hidden_size": integer(configuration.width),
            "intermediate_size": integer(2 * configuration.mlpWidth),
            "logits_soft_cap": .real(Self.decimal(configuration.logitsSoftCap)),
            "lru_width": integer(configuration.recurrentWidth),
            "num_attention_heads": integer(configuration.headCount),
            "num_hidden_layers": integer(configuration.layerCount),
            "num_key_value_heads": 1,
            "pad_token_id": integer(Int(configuration.pad)),
            "partial_rotary_factor": .real(configuration.rotaryFraction),
            "rms_norm_eps": .real(Self.decimal(configuration.normEpsilon)),
            "rope_theta": .real(configuration.rotaryBase),
            "tie_word_embeddings": true,
            "torch_dtype": .string(type == .bf16 ? "bfloat16" : "float32"),
            "use_cache": true,
            "vocab_size": integer(configuration.vocabularySize),
        ]
    }

    /// The double that is written with the digits of a float: 1e-06, not 9.999999974752427e-07.
    private static func decimal(_ number: Float) -> Double { Double(number.description) ?? Double(number) }
}

/// Runs `body`, turning what is wrong with a file that is written into a ``ConversionError``.
func translatingFileErrors<Result>(_ body: () throws(FileError) -> Result) throws(ConversionError) -> Result {
    do throws(FileError) {
        return try body()
    } catch {
        throw ConversionError(.target, path: error.path, problem: error.problem, advice: error.advice)
    }
}
