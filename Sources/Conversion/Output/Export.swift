import CSIMD
import Checkpoint
import Files
import Griffin
import JSON
import ModelFile
import System
import Text

/// Writes a model file back as a Hugging Face folder: `config.json`, `tokenizer.model`, `model.safetensors` and, if the model has
/// them, `chat_template.jinja` and, for how it is sampled, `generation_config.json`.
///
/// Weights are those that the file stands for, a scale times a code: in f32 exactly, in bf16 to nearest, halves to even.
public struct Export: Sendable {
    /// Bytes of numbers that will be written.
    public let byteCount: Int
    private let file: ModelFile
    let configuration: Configuration
    private let plan: [PlannedTensor]
    private let slices: [Slice]
    let type: ElementType
    private let work: SliceWork

    /// Opens a model file to write its weights as f32 or bf16, and reads it whole to verify them. Throws if it is damaged, or isn't
    /// a model that can be run. What is written is the same for any number of threads; nil is one per physical core that this
    /// process may use.
    public init(model path: String, type: ElementType, threads: Int? = nil) throws(FileProblem) {
        precondition(type != .f16, "f32 or bf16: f16 doesn't hold all weights")
        work = try SliceWork(threads: threads)
        let model = try VerifiedModel(path: path)
        file = model.file
        configuration = model.configuration
        plan = configuration.tensorPlan
        slices = Slice.slices(of: plan)
        self.type = type
        byteCount = slices.reduce(0) { $0 + $1.weightCount * type.bytes }
    }

    /// Writes the folder, which is made, or must be empty. `progress` and `isCancelled` are called on this thread after each slice
    /// of a tensor. Files that have their names are complete, and `model.safetensors` comes last. If it throws, it removes these
    /// files, and the folder if it made it, so that the export can be repeated.
    public func write(
        to folder: String, progress: (_ done: Int) -> Void = { _ in }, isCancelled: () -> Bool = { false }
    ) throws(FileProblem) {
        let target = try Folder(making: folder)
        do throws(FileProblem) {
            // A folder that was just made is empty.
            let isEmpty = target.isNew ? true : try target.entries().isEmpty
            guard isEmpty else {
                throw FileProblem(path: folder, problem: "is not empty", advice: "give the name of a new folder")
            }
            try write(to: target, progress: progress, isCancelled: isCancelled)
        } catch {
            if target.isNew { target.removeIfEmpty() }
            throw error
        }
    }

    private func write(to target: Folder, progress: (_ done: Int) -> Void, isCancelled: () -> Bool) throws(FileProblem) {
        let writer = try SafetensorsWriter(
            target: target.file("model.safetensors"), replacing: .none,
            tensors: plan.map { .init(name: $0.name, type: type, dimensions: $0.checkpointDimensions) },
            metadata: [("format", "pt")])
        var done = 0
        let sliceBytes = slices.map(\.weightCount).max().map { $0 * MemoryLayout<Float>.size } ?? 0
        try work.run(slices, sliceBytes: sliceBytes) { [file, plan, type] in
            let decoder = SliceDecoder(file: file, plan: plan)
            return { slice, buffer throws(FileProblem) in
                let numbers = buffer.assumingMemoryBound(to: Float.self)
                decoder.decode(slice, into: numbers)
                if type == .bf16 { Self.narrowInPlace(numbers, count: slice.weightCount) }
            }
        } take: { slice, numbers, _ throws(FileProblem) in
            try file.checkIntact()
            let bytes = UnsafeRawBufferPointer(start: numbers, count: slice.weightCount * type.bytes)
            try writer.append(bytes)
            done += bytes.count
            progress(done)
            if isCancelled() {
                throw FileProblem(
                    .cancelled, path: target.path, problem: "the export was interrupted", advice: "nothing was written")
            }
        }
        // The small files last: until all weights are written, the folder stays empty.
        var small = [
            (name: "config.json", bytes: hubConfiguration.serialized(indented: true)), ("tokenizer.model", file.metadata.tokenizer),
        ]
        if file.metadata.chatTemplate != nil { small.append(("chat_template.jinja", Array(ChatTemplate.gemmaJinja.utf8))) }
        if let sampling = file.metadata.sampling { small.append(("generation_config.json", sampling)) }
        var made: [(name: String, file: AtomicFile)] = []
        do throws(FileProblem) {
            for (name, bytes) in small {
                let file = try AtomicFile(target: target.file(name), replacing: .none)
                made.append((name, file))
                try file.write(whole: bytes)
            }
            try writer.finish()
        } catch {
            for (name, file) in made where file.isCommitted { try? target.remove(name) }
            if writer.isCommitted { try? target.remove("model.safetensors") }
            throw error
        }
    }

    /// Rounds numbers to bf16, to nearest, halves to even, and leaves them at the start of their memory.
    private static func narrowInPlace(_ numbers: UnsafeMutablePointer<Float>, count: Int) {
        let start = UnsafeMutableRawPointer(numbers)
        for index in 0..<count {
            let number = start.load(fromByteOffset: 4 * index, as: Float.self)
            start.storeBytes(of: csimd_f32_to_bf16(number), toByteOffset: 2 * index, as: UInt16.self)
        }
    }
}
