import Glibc
import JSON
import System

/// A model as Hugging Face lays it out in a folder: `config.json`, `tokenizer.model`, and its weights in `model.safetensors` or
/// in shards with `model.safetensors.index.json`.
///
/// Opening reads and checks everything except the weights themselves: see ``read(_:elements:into:)``. Safe to read from several
/// threads.
public final class Checkpoint: Sendable {
    /// The folder, as given.
    public let folder: String
    /// What `config.json` says.
    public let configuration: HubConfiguration
    /// Sorted by name; no name twice.
    public let tensors: [CheckpointTensor]
    /// The bytes of `tokenizer.model`.
    public let tokenizer: [UInt8]
    /// The Jinja text of the chat template; nil where the folder has none.
    public let chatTemplate: String?
    /// True if the folder has a file in which a chat template may be, so that if there is none, that is on purpose.
    public let hasTemplateFile: Bool
    /// The object in `generation_config.json`; nil where the folder has none.
    public let generationConfiguration: JSONValue?
    /// Bytes of all tensors.
    public let totalBytes: Int

    /// The weight files; a tensor's `file` is an index into them.
    let weightFiles: [SourceFile]
    /// Everything else that was read.
    private let otherFiles: [SourceFile]
    private let numberOfTensor: [String: Int]

    /// Opens a folder. Throws for whatever is missing, damaged, at odds or not a RecurrentGemma, naming the file.
    public init(folder: String) throws(FileProblem) {
        try Self.checkFolder(folder)
        self.folder = folder
        let folder = Self.withoutEndingSlashes(folder)

        let configurationFile = try SourceFile(path: folder + "/config.json", ifMissing: Self.folderAdvice)
        configuration = try HubConfiguration(
            parsing: try configurationFile.contents(limit: Limit.configuration), path: configurationFile.path)
        let tokenizerFile = try SourceFile(path: folder + "/tokenizer.model", ifMissing: Self.tokenizerAdvice)
        tokenizer = try Self.tokenizerBytes(tokenizerFile)
        let template = try ChatTemplateFile(folder: folder)
        chatTemplate = template.text
        hasTemplateFile = !template.files.isEmpty
        let generation = try GenerationFile(folder: folder)
        generationConfiguration = generation?.contents

        let weights = try WeightFiles(folder: folder)
        weightFiles = weights.files
        tensors = weights.tensors
        // Files with holes may together seem larger than any disk.
        totalBytes = tensors.reduce(0) { total, tensor in
            let (sum, overflow) = total.addingReportingOverflow(tensor.byteRange.count)
            return overflow ? .max : sum
        }
        numberOfTensor = Dictionary(uniqueKeysWithValues: tensors.enumerated().map { ($1.name, $0) })
        otherFiles = [configurationFile, tokenizerFile] + template.files + [generation?.file, weights.index].compactMap { $0 }
    }

    /// The tensor of that name, or nil.
    public func tensor(named name: String) -> CheckpointTensor? { numberOfTensor[name].map { tensors[$0] } }

    /// The weight file that holds a tensor.
    public func path(of tensor: CheckpointTensor) -> String { weightFiles[tensor.file].path }

    /// The paths of all files that were read.
    public var paths: [String] { (otherFiles + weightFiles).map(\.path) }

    /// Throws if a file of the checkpoint has another size or time of change than when it was opened, or is gone. Called after the
    /// last read, it shows that what was read belongs together.
    public func checkUnchanged() throws(FileProblem) {
        for file in otherFiles + weightFiles { try file.checkUnchanged() }
    }
}

extension Checkpoint {
    /// The most bytes accepted of each file that is read whole.
    enum Limit {
        static let configuration = 1 << 20
        /// That of the published models has 4 MB.
        static let tokenizer = 32 << 20
        /// A tokenizer_config.json lists every added token.
        static let template = 16 << 20
    }

    private static let folderAdvice =
        "give the folder of a Hugging Face model, with config.json, tokenizer.model and model.safetensors, "
        + "and of an -it model tokenizer_config.json or chat_template.jinja"
    private static let tokenizerAdvice =
        "download tokenizer.model, the SentencePiece file of the same model (tokenizer.json is not enough), into the folder"

    /// `models/2b/` is `models/2b`, but `/` stays.
    private static func withoutEndingSlashes(_ folder: String) -> String {
        let name = folder.utf8.reversed().drop { $0 == UInt8(ascii: "/") }
        return name.isEmpty ? folder : String(decoding: name.reversed(), as: UTF8.self)
    }

    private static func checkFolder(_ folder: String) throws(FileProblem) {
        var status = stat()
        guard stat(folder, &status) == 0 else {
            let code = errno
            throw code == ENOENT
                ? FileProblem(.content, path: folder.isEmpty ? "\"\"" : folder, problem: "no such folder", advice: folderAdvice)
                : FileProblem.system(folder, while: "opening", code)
        }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            throw FileProblem(.content, path: folder, problem: "is a file, not a folder", advice: folderAdvice)
        }
    }

    private static func tokenizerBytes(_ file: SourceFile) throws(FileProblem) -> [UInt8] {
        let bytes = try file.contents(limit: Limit.tokenizer)
        guard !bytes.isEmpty else { throw FileProblem(.content, path: file.path, problem: "is empty", advice: tokenizerAdvice) }
        return bytes
    }
}
