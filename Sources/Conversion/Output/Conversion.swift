import Checkpoint
import Glibc
import Griffin
import JSON
import KernelTypes
import ModelFile
import Quantization
import System
import Text
import Tiles

/// Makes a model file of a checkpoint.
///
/// Making one opens the checkpoint and checks all of it except the weights; ``write(to:progress:isCancelled:)`` does the work.
public struct Conversion: Sendable {
    /// What can be chosen.
    public struct Options: Sendable {
        /// The types of matrices for which no rule says another.
        public var types = TypePreset.q4
        /// Types for matrices by name; the last rule that matches a name wins.
        public var rules: [TensorTypeRule] = []
        /// Statistics with which q4 weights are chosen; nil if every input counts the same.
        public var importance: Importance?
        /// Where the chat template comes from.
        public var chatTemplate = ChatTemplateChoice.auto
        /// Threads that compute; nil for one per physical core that this process may use. The file is the same for any number.
        public var threads: Int?
        /// The program that converts and its version, for the file's provenance.
        public var converter = "rg-edge"

        /// The defaults: `q4`, no rules, no statistics, all cores.
        public init() {}

        /// The most threads accepted: more than any machine has cores for this.
        public static let threadLimit = SliceWork.threadLimit
    }

    /// The model's configuration as it will stand in the file.
    public let configuration: Configuration
    /// The chat template that will stand in the file.
    public let chatTemplate: ChatTemplate?
    /// What is odd about the checkpoint without being an error, one clause per oddity.
    public let warnings: [String]
    /// Bytes that will be read.
    public let sourceBytes: Int
    /// The part of the vocabulary that goes into the file; nil if that is all of it.
    public let vocabulary: ReducedVocabulary?

    private let checkpoint: Checkpoint
    private let tensors: [MatchedTensor]
    private let slices: [Slice]
    private let metadata: Metadata
    private let work: SliceWork
    private let importance: Importance?
    /// All files that are read.
    private let sourcePaths: [String]

    /// Opens the checkpoint in a folder. Throws for whatever is wrong with it, except in the values of the weights, and for options
    /// that don't fit it.
    ///
    /// With `texts`, which are read to their ends, the vocabulary is reduced to what they use (``ReducedVocabulary``). All weights
    /// that are left are those of the file that would be written without. Throws as well for texts that can't be read or have no
    /// words, and an error of kind `cancelled` if reading them was stopped.
    public init(
        source: String, options: Options = Options(), vocabulary texts: VocabularyTexts? = nil
    ) throws(FileProblem) {
        work = try SliceWork(threads: options.threads)
        importance = options.importance
        let checkpoint = try Checkpoint(folder: source)
        self.checkpoint = checkpoint
        sourcePaths = checkpoint.paths + [options.importance?.path].compactMap { $0 } + (texts?.paths ?? [])
        let text = try SourceText(checkpoint, template: options.chatTemplate)
        let whole = try Configuration(of: checkpoint, endOfTurn: text.tokenizer.endOfTurn)
        chatTemplate = text.chatTemplate
        var matched = try MatchedTensors(
            checkpoint, whole, preset: options.types, rules: options.rules, importance: options.importance)
        let kept = try texts.map { texts throws(FileProblem) in try text.vocabulary(of: checkpoint, whole, for: texts) }
        configuration = kept?.configuration(whole) ?? whole
        vocabulary = kept?.reduced
        if let vocabulary { matched.keep(embeddings: vocabulary.kept, configuration) }
        tensors = matched.tensors
        slices = Slice.slices(of: tensors.map(\.planned))
        sourceBytes = matched.sourceBytes(of: slices)
        metadata = Metadata(
            configuration: configuration.serialized(), tokenizer: vocabulary?.model ?? checkpoint.tokenizer,
            chatTemplate: chatTemplate?.text, sampling: try Self.sampling(of: checkpoint)?.json.serialized(),
            provenance: Self.provenance(
                folder: source, options, mayMissTemplate: text.mayMissTemplate,
                vocabulary: texts.map { Self.provenance($0, wholeCount: whole.vocabularySize) }))
        let unknown = FileProblem.list(matched.unknown, limit: 8)
        warnings =
            (text.mayMissTemplate ? [Self.missingTemplate(source)] : []) + [kept?.warning].compactMap { $0 }
            + (unknown.isEmpty ? [] : ["\(source): left out tensors that are not part of RecurrentGemma: \(unknown)"])
    }

    /// How the model's makers sample from it, if they say.
    private static func sampling(of checkpoint: Checkpoint) throws(FileProblem) -> PublishedSampling? {
        guard let configuration = checkpoint.generationConfiguration else { return nil }
        let path = checkpoint.folder + "/generation_config.json"
        return try PublishedSampling(configuration, path: path, advice: "mend it, or take it out of the folder")
    }

    private static func missingTemplate(_ folder: String) -> String {
        "\(folder): has no chat template; if this is an instruction-tuned (-it) model, it will not answer prompts: put its "
            + "tokenizer_config.json and, if there is one, chat_template.jinja into the folder, or use --chat-template gemma "
            + "(for a base model, --chat-template none)"
    }

    /// The tensors that will be written, in file order.
    public var descriptions: [TensorDescription] { tensors.map(\.description) }

    /// Writes the model file, which is under its name whole or not at all.
    ///
    /// `progress` and `isCancelled` are called on this thread, before the first slice and after each slice of about a megabyte.
    /// `progress` gets the bytes of the checkpoint that are done, out of ``sourceBytes``; if `isCancelled` returns true, an error
    /// of kind `cancelled` is thrown. Throws for weights that are not finite, that their type can't hold, or that change while they
    /// are read, and if the file can't be written. Whatever it throws, what stood under the name before still does.
    public func write(
        to target: String, progress: (_ done: Int) -> Void = { _ in }, isCancelled: () -> Bool = { false }
    ) throws(FileProblem) -> ConversionReport {
        let watch = Stopwatch()
        try checkIsNoSource(target, among: sourcePaths)
        let writer = try ModelFileWriter(target: target, tensors: descriptions, metadata: metadata)
        var figures = [ErrorFigures](repeating: ErrorFigures(), count: tensors.count)
        var done = 0
        func advance(by bytes: Int) throws(FileProblem) {
            done += bytes
            progress(done)
            if isCancelled() {
                throw FileProblem(
                    .cancelled, path: target, problem: "the conversion was interrupted", advice: "nothing was written")
            }
        }
        try advance(by: 0)
        let sliceBytes = slices.map { tensors[$0.tensor].byteCount(of: $0) }.max() ?? 0
        let covariances = importance.map(CovarianceCache.init)
        try work.run(slices, sliceBytes: sliceBytes) { [checkpoint, tensors] in
            let encoder = SliceEncoder(checkpoint: checkpoint, tensors: tensors, covariances: covariances)
            return { slice, buffer throws(FileProblem) in try encoder.encode(slice, into: buffer) }
        } take: { slice, bytes, sliceFigures throws(FileProblem) in
            let tensor = tensors[slice.tensor]
            try writer.append(UnsafeRawBufferPointer(start: bytes, count: tensor.byteCount(of: slice)))
            figures[slice.tensor].merge(sliceFigures)
            try advance(by: tensor.sourceBytes(of: slice))
        }
        try checkpoint.checkUnchanged()
        try importance?.checkUnchanged()
        try writer.finish()
        return ConversionReport(
            tensors: zip(tensors, figures).map { ConversionReport.Tensor(description: $0.description, figures: $1) },
            byteCount: writer.byteCount, seconds: watch.seconds)
    }

    /// The JSON that says where the file comes from.
    private static func provenance(
        folder: String, _ options: Options, mayMissTemplate: Bool, vocabulary: JSONValue?
    ) -> [UInt8] {
        let path = realpath(folder, nil)
        defer { free(path) }
        let name = path.map { String(cString: $0) }?.split(separator: "/").last.map(String.init) ?? folder
        var value = JSONObject()
        value["converter"] = .string(options.converter)
        value["source"] = .string(name)
        value["types"] = .array([.string(options.types.rawValue)] + options.rules.map { .string($0.description) })
        value["chat_template"] = mayMissTemplate ? "missing" : nil
        value["importance"] = options.importance.map { .string(Self.lastName(in: $0.path)) }
        value["vocabulary"] = vocabulary
        return JSONValue.object(value).serialized()
    }

    /// What the provenance says about a vocabulary that was reduced.
    private static func provenance(_ texts: VocabularyTexts, wholeCount: Int) -> JSONValue {
        // However many there are, the provenance stays small.
        let limit = 16
        return [
            "source_pieces": .integer(Int64(wholeCount)),
            "texts": .array(texts.paths.prefix(limit).map { .string(lastName(in: $0)) }),
            "text_count": .integer(Int64(texts.paths.count)),
        ]
    }

    private static func lastName(in path: String) -> String { path.split(separator: "/").last.map(String.init) ?? path }
}
