import Files
import Glibc
import Grammar
import Griffin
import Kernels
import KernelTypes
import ModelFile
import System
import Text

/// A model file, mapped and ready to run.
///
/// Opening takes milliseconds: weights stay in the file and are read in place. Immutable; any number of threads may use it and its
/// sessions at once. Its threads and the memory of its forward pass exist once, whatever the number of sessions. Those that are at
/// work at the same time share passes: the weights are read once for all of them, and each gets what it would get alone, to the bit.
public final class Model: Sendable {
    /// What can be chosen at open.
    public struct Options: Hashable, Sendable {
        /// Threads that compute, the caller's included; nil for one per physical core that this process may use, of which a long
        /// decode uses fewer if it is found to be faster so: memory may be read faster by two than by four.
        public var threads: Int?
        /// The kernel set by name, one of ``Model/availableKernels``; nil for the best that this processor can run.
        public var kernels: String?
        /// Check the checksum of every tensor before use, which reads the whole file.
        public var verify: Bool
        /// Read the whole file at open, so that no token waits for the disk as long as the system keeps it in memory.
        public var preload: Bool
        /// Have the system keep in memory what stays there (mlock(2)), for which the process needs permission.
        public var lockMemory: Bool
        /// How much of the weights stays in memory.
        public var residency: Residency
        /// How long a pass through the model should last at most: prompts are cut so that others' tokens, and whoever wants to stop,
        /// wait no longer. How long passes take is measured while they are computed; they are not cut so short that prompts
        /// would become much slower.
        public var latency: Duration
        /// Throw an error of kind `io`, instead of SIGBUS, if the file is cut while it is in use, or its disk fails. The model can
        /// then compute nothing more, but sessions stay as they were before the call; an answer stays up to the token where it
        /// failed. Installs a handler of that signal for good, which calls the one before it for all other addresses.
        public var guardFile: Bool

        /// By default: all physical cores, the best kernels, no check.
        public init(
            threads: Int? = nil, kernels: String? = nil, verify: Bool = false, preload: Bool = false, lockMemory: Bool = false,
            guardFile: Bool = false, residency: Residency = .auto, latency: Duration = .milliseconds(250)
        ) {
            self.threads = threads
            self.kernels = kernels
            self.verify = verify
            self.preload = preload
            self.lockMemory = lockMemory
            self.guardFile = guardFile
            self.residency = residency
            self.latency = latency
        }

        /// The most threads: more than any machine has cores for this.
        public static let threadLimit = 1024
    }

    /// The model's shape and constants.
    public let configuration: Configuration
    /// The way from text to tokens and back.
    public let tokenizer: Tokenizer
    /// How a conversation is written; nil for base models.
    package let chatTemplate: ChatTemplate?
    /// How its makers sample from it; nil if its file doesn't say.
    package let publishedSampling: Sampling?
    /// The file, mapped for as long as the model lives.
    package let file: ModelFile
    /// The weights, in place in the file.
    package let weights: Weights
    /// Tokens that a pass takes at most: 256, or fewer where the processor has small caches. The results do not depend on it.
    public let chunkCapacity: Int

    /// Computes for all sessions.
    let passes: PassQueue
    /// False as long as opening it may still fail.
    private nonisolated(unsafe) var wasOpened = false
    private let residentPart: ResidentPart
    /// ``vocabulary``, once a constraint has needed it.
    let sortedVocabulary = Guarded<VocabularyTrie?>(nil)

    /// Opens a model file. Throws, with the file's name in the message, for one that is missing, damaged or of another version, for
    /// options that make no sense here, and where the system refuses memory.
    public convenience init(path: String, options: Options = Options()) throws(ModelError) {
        try self.init(source: .path(path), options: options)
    }

    /// The same for a model file that is a part of another file, or in memory.
    public convenience init(source: ModelSource, options: Options = Options()) throws(ModelError) {
        try self.init(try modelErrors(source.mapped(isGuarded: options.guardFile)), options: options)
    }

    /// Makes a model of a file that has been opened, as ``init(path:options:)`` does.
    package convenience init(_ opening: Opening, options: Options) throws(ModelError) {
        try self.init(opening.file, options: options)
    }

    private init(_ mapped: MappedFile, options: Options) throws(ModelError) {
        let kernels = try Model.kernels(named: options.kernels)
        let threads = options.threads ?? ProcessorCount.usableCores
        guard (1...Options.threadLimit).contains(threads) else {
            throw ModelError(.argument, "\(threads) threads are not possible; give a number in 1…\(Options.threadLimit)")
        }
        (file, weights, tokenizer, chatTemplate) = try modelErrors(Model.parts(of: mapped, options))
        configuration = weights.configuration
        publishedSampling = try modelErrors(Model.publishedSampling(file))
        chunkCapacity = ForwardPass.chunkCapacity(weights, cacheBytes: ProcessorCache.outermostBytes)
        guard
            let forwardPass = ForwardPass(
                weights: weights, kernels: kernels, team: ThreadTeam(count: threads), chunkCapacity: chunkCapacity)
        else {
            throw ModelError(.memory, "\(mapped.path): no memory to run the model; close other programs")
        }
        residentPart = ResidentPart(file)
        passes = PassQueue(
            forwardPass, latency: options.latency.seconds, choosesThreads: options.threads == nil, watcher: residentPart)
        try keepInMemory(options)
        // The decays were computed from weights.
        try checkFile()
        wasOpened = true
        Log.tell(.info, opened)
    }

    deinit { if wasOpened { Log.tell(.debug, "\(path): closed") } }

    private var opened: String {
        let place =
            streamedBytes == 0 ? "all in memory" : "\(residentBytes) of their bytes in memory, \(streamedBytes) read for each token"
        return "\(path): opened, \(mappedBytes) bytes; \(parameterCount) weights, \(place); "
            + "\(kernelName) kernels, \(threads) threads; \(sharedBytes) bytes allocated, and \(sessionBytes) for each session"
    }

    /// Decides what of the weights stays in memory, and has it there if that is asked for.
    private func keepInMemory(_ options: Options) throws(ModelError) {
        let available = ProcessMemory.available
        let budget = budget
        let plan = try Model.streamPlan(options.residency, file, budget, available: available)
        let resident = plan?.residentRanges ?? [0..<file.byteCount]
        if options.preload || options.residency == .all { for range in resident { try modelErrors(file.preload(range)) } }
        if options.lockMemory { for range in resident { try modelErrors(file.lock(range)) } }
        let adapts = options.residency == .auto && !options.lockMemory && available != nil && !file.isInMemory
        guard passes.alone({ residentPart.set(plan, in: $0, keeper: adapts ? ResidencyKeeper(budget) : nil) }) else {
            throw ModelError(.memory, "\(file.path): no memory to read weights from the disk; close other programs")
        }
    }

    private var budget: MemoryBudget {
        MemoryBudget(file, allocated: sharedBytes + 2 * sessionBytes, encoder: tokenizer.encoderByteCount, threads: threads)
    }

    /// What of the weights would be read in each pass by a choice, by what the system leaves now; nil for nothing. For a model that
    /// was opened as ``Residency/mapped``. Throws if it could not be run so.
    package func streamPlan(for residency: Residency) throws(ModelError) -> StreamPlan? {
        try Model.streamPlan(residency, file, budget, available: ProcessMemory.available)
    }

    /// Bytes of memory that running the model takes at most with some of its weights read in each pass, besides the program:
    /// weights that stay, what sessions share, a session with a copy to go back to, and what encodes a prompt.
    package func neededBytes(with plan: StreamPlan?) -> Int {
        let budget = budget
        return (plan.map { $0.residentBytes + budget.streaming } ?? budget.weights) + budget.allocated + budget.encoder
    }

    /// An empty session.
    public func makeSession() throws(ModelError) -> sending Session { try Session(model: self) }

    /// What encodes texts for this model. It is large (52 MB for Gemma's vocabulary) and takes 70 ms to load, so each prompt makes
    /// one and lets it go, unless one is alive: keep it to encode many texts. Throws if the file's tokenizer can't be used.
    public func encoder() throws(ModelError) -> Tokenizer.Encoder {
        try modelErrors(tokenizer.encoder())
    }

    /// The tokens of a text, by ``encoder()``; BOS is not put first. Throws also if there is no memory for that.
    public func encode(_ text: String, controls: Tokenizer.Encoder.Controls = .asText) throws(ModelError) -> [UInt32] {
        try tokens { encoder throws(FileProblem) in try encoder.encode(text, controls: controls) }
    }

    /// The same for the bytes of a text (``Tokenizer/Encoder/encode(utf8:controls:)``), by this model's encoder, which the caller
    /// keeps.
    package func encode(
        _ text: UnsafeRawBufferPointer, controls: Tokenizer.Encoder.Controls, with encoder: Tokenizer.Encoder
    ) throws(ModelError) -> [UInt32] {
        try modelErrors(encoder.encode(utf8: text, controls: controls))
    }

    /// What an encoder makes of some text, its errors as this model's.
    func tokens(
        _ encode: (Tokenizer.Encoder) throws(FileProblem) -> [UInt32]
    ) throws(ModelError) -> [UInt32] {
        let encoder = try encoder()
        return try modelErrors(encode(encoder))
    }

    /// Counts the time of each operation in `profile` from now on; nil ends it. All sessions of the model count.
    package func measure(in profile: Profile?) { observe(profile) }

    /// Has passes watched from now on; nil ends it.
    package func observe(_ observer: (any ForwardPassObserver)?) {
        passes.alone { $0.observer = observer }
    }

    /// Throws once the file can't be read any more.
    func checkFile() throws(ModelError) {
        try modelErrors(file.checkIntact())
    }
}

extension Model {
    /// Threads that compute, the caller's included.
    public var threads: Int { passes.forwardPass.team.count }
    /// What computes: the set of kernels that was chosen at open.
    package var kernels: KernelSet { passes.forwardPass.kernels }
    /// Its name, one of ``availableKernels``.
    public var kernelName: String { kernels.name }
    /// The names of the kernel sets that this processor can run, for ``Options/kernels``; the best one comes last.
    public static var availableKernels: [String] { Kernels.available.map(\.name) }
    /// Weights of the model, the tied head counted once.
    public var parameterCount: Int { weights.parameterCount }
    /// True if the model knows how a conversation is written.
    public var isInstructionTuned: Bool { chatTemplate != nil }

    /// Where the model file was, as it was given.
    public var path: String { file.path }
    /// Bytes of the mapped file.
    public var mappedBytes: Int { file.byteCount }
    /// Bytes of the file's weights that stay in memory, as far as it is up to the model.
    public var residentBytes: Int { residentPart.plan?.residentBytes ?? weights.bytesPerToken }
    /// Bytes of weights that a token reads from the disk.
    public var streamedBytes: Int { residentPart.plan?.streamedBytes ?? 0 }
    /// Bytes allocated by each session, at any length.
    public var sessionBytes: Int { Session.byteCount(self) }
    /// Bytes allocated by each ``Snapshot``, at any length.
    public var snapshotBytes: Int { SessionMemory.byteCount(self, canBeFed: false) }
    /// Bytes allocated once, for all sessions: what the forward pass works in, the decays, and the tokenizer, without
    /// ``encoder()``.
    public var sharedBytes: Int {
        let streaming = residentPart.plan != nil ? ForwardPass.streamBytes(file, threads: threads) : 0
        return passes.forwardPass.byteCount + streaming + weights.allocatedBytes + tokenizer.byteCount
    }
}

extension Model {
    private static func kernels(named name: String?) throws(ModelError) -> KernelSet {
        guard let name else { return Kernels.best }
        if let kernels = Kernels.named(name) { return kernels }
        let choice = "choose one of \(Kernels.available.map(\.name).joined(separator: ", "))"
        throw ModelError(
            .argument,
            Kernels.compiledNames.contains(name)
                ? "this processor can't run the \(name) kernels; \(choice)" : "there are no kernels named \"\(name)\"; \(choice)")
    }

    private static func publishedSampling(_ file: ModelFile) throws(FileProblem) -> Sampling? {
        guard let bytes = file.metadata.sampling else { return nil }
        return try PublishedSampling(parsing: bytes, path: file.path).map { Sampling($0) }
    }

    /// What a file holds, checked: a model that can be run.
    private static func parts(
        of mapped: MappedFile, _ options: Options
    ) throws(FileProblem) -> (ModelFile, Weights, Tokenizer, ChatTemplate?) {
        let file = try ModelFile(mapped)
        if options.verify { try file.verifyAll() }
        let configuration = try Configuration(parsing: file.metadata.configuration, path: file.path)
        let weights = try Weights(file: file, configuration: configuration)
        let tokenizer = try Tokenizer(model: file.metadata.tokenizer, path: "\(file.path): tokenizer.model")
        guard tokenizer.vocabularySize == configuration.vocabularySize else {
            throw FileProblem(
                .content, path: file.path,
                problem: "the tokenizer has \(tokenizer.vocabularySize) pieces, the model \(configuration.vocabularySize)",
                advice: "convert the model again")
        }
        let template = try file.metadata.chatTemplate.map { text throws(FileProblem) in
            try ChatTemplate(text, path: file.path)
        }
        return (file, weights, tokenizer, template)
    }
}
