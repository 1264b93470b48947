import Files
import Glibc
import Griffin
import Kernels
import KernelTypes
import ModelFile
import System
import Text

/// A model file, mapped and ready to run.
///
/// Opening takes milliseconds: weights stay in the file and are read in place. Immutable; any number of threads may use it and its
/// sessions at once. Its threads and the memory of its forward pass exist once, whatever the number of sessions, which take turns.
public final class Model: Sendable {
    /// What can be chosen at open.
    public struct Options: Sendable {
        /// Threads that compute, the caller's included; nil for one per physical core that this process may use.
        public var threads: Int?
        /// The kernel set by name, as in `Kernels.compiledNames`; nil for the best that this processor can run.
        public var kernels: String?
        /// Check the checksum of every tensor before use, which reads the whole file.
        public var verify: Bool
        /// Read the whole file at open, so that no token waits for the disk as long as the system keeps it in memory.
        public var preload: Bool
        /// Have the system keep in memory what stays there (mlock(2)), for which the process needs permission.
        public var lockMemory: Bool
        /// How much of the weights stays in memory.
        public var residency: Residency
        /// Throw an error of kind `io`, instead of SIGBUS, if the file is cut while it is in use, or its disk fails. The model can
        /// then compute nothing more, but sessions stay as they were before the call; an answer stays up to the token where it
        /// failed. Installs a handler of that signal for good, which calls the one before it for all other addresses.
        public var guardFile: Bool

        /// By default: all physical cores, the best kernels, no check.
        public init(
            threads: Int? = nil, kernels: String? = nil, verify: Bool = false, preload: Bool = false, lockMemory: Bool = false,
            guardFile: Bool = false, residency: Residency = .auto
        ) {
            self.threads = threads
            self.kernels = kernels
            self.verify = verify
            self.preload = preload
            self.lockMemory = lockMemory
            self.guardFile = guardFile
            self.residency = residency
        }

        /// The most threads: more than any machine has cores for this.
        public static let threadLimit = 1024
    }

    /// The model's shape and constants.
    public let configuration: Configuration
    /// The way from text to tokens and back.
    public let tokenizer: Tokenizer
    /// How a conversation is written; nil for base models.
    public let chatTemplate: ChatTemplate?
    /// The file, mapped for as long as the model lives.
    public let file: ModelFile
    /// The weights, in place in the file.
    public let weights: Weights
    /// Tokens that are computed together when a prompt is fed.
    public let chunkCapacity = 256

    private let forwardPass: ForwardPass
    /// Held while a session uses the forward pass.
    private let computeLock = Lock()
    /// Where the next logits are written. They then change places with a session's, which stay as they are until a chunk is known
    /// to be good. Used under the lock. [vocabulary]
    private nonisolated(unsafe) var nextLogits: UnsafeMutableBufferPointer<Float>
    /// Adapts what stays in memory; nil if that is settled. Used under the lock.
    private nonisolated(unsafe) var residencyKeeper: ResidencyKeeper?
    /// What is read in each pass, for those who ask while others compute.
    private let streamPlan = Guarded<StreamPlan?>(nil)

    /// Opens a model file. Throws, with the file's name in the message, for one that is missing, damaged or of another version, for
    /// options that make no sense here, and where the system refuses memory.
    public convenience init(path: String, options: Options = Options()) throws(ModelError) {
        try self.init(
            try translatingFileErrors { () throws(FileError) in try MappedFile(path: path, isGuarded: options.guardFile) },
            options: options)
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
        do {
            file = try ModelFile(mapped)
            if options.verify { try file.verifyAll() }
        } catch {
            throw ModelError(error)
        }
        configuration = try Model.configuration(of: file)
        do {
            weights = try Weights(file: file, configuration: configuration)
        } catch {
            throw ModelError(error.isMemory ? .memory : .format, error.description)
        }
        (tokenizer, chatTemplate) = try Model.text(of: file, configuration)
        guard
            let forwardPass = ForwardPass(
                weights: weights, kernels: kernels, team: ThreadTeam(count: threads), chunkCapacity: chunkCapacity)
        else {
            throw ModelError(.memory, "\(mapped.path): no memory to run the model; close other programs")
        }
        self.forwardPass = forwardPass
        guard let logits = SystemMemory.zeroed(Float.self, count: configuration.vocabularySize) else {
            throw ModelError(.memory, "\(mapped.path): no memory to run the model; close other programs")
        }
        nextLogits = UnsafeMutableBufferPointer(start: logits, count: configuration.vocabularySize)
        try keepInMemory(options)
        // The decays were computed from weights.
        try checkFile()
    }

    /// Decides what of the weights stays in memory, and has it there if that is asked for.
    private func keepInMemory(_ options: Options) throws(ModelError) {
        let budget = MemoryBudget(
            file, allocated: sharedBytes + 2 * sessionBytes, encoder: tokenizer.encoderByteCount, threads: threads)
        let plan = try Model.streamPlan(options.residency, file, budget, available: ProcessMemory.available)
        guard forwardPass.setStreamPlan(plan) else {
            throw ModelError(.memory, "\(file.path): no memory to read weights from the disk; close other programs")
        }
        streamPlan.withLock { $0 = plan }
        let resident = plan?.residentRanges ?? [0..<file.byteCount]
        do {
            if options.preload || options.residency == .all { for range in resident { try file.preload(range) } }
        } catch {
            throw ModelError(error)
        }
        if options.lockMemory { for range in resident { try Model.lock(file, range) } }
        if options.residency == .auto, !options.lockMemory { residencyKeeper = ResidencyKeeper(budget) }
    }

    deinit { free(nextLogits.baseAddress) }

    /// An empty session.
    public func makeSession() throws(ModelError) -> Session { try Session(model: self) }

    /// What encodes texts for this model. It is large (52 MB for Gemma's vocabulary) and takes 70 ms to load, so each prompt makes
    /// one and lets it go, unless one is alive: keep it to encode many texts. Throws if the file's tokenizer can't be used.
    public func encoder() throws(ModelError) -> Tokenizer.Encoder {
        do {
            return try tokenizer.encoder()
        } catch {
            throw error.isMemory
                ? ModelError(.memory, "\(file.path): \(error)")
                : ModelError(.format, "\(file.path): \(error); convert the model again")
        }
    }

    /// The tokens of a text, by ``encoder()``; BOS is not put first. Throws also if there is no memory for that.
    public func encode(_ text: String, controls: Tokenizer.Encoder.Controls = .asText) throws(ModelError) -> [UInt32] {
        try tokens { encoder throws(TokenizerError) in try encoder.encode(text, controls: controls) }
    }

    /// What an encoder makes of some text, its errors as this model's.
    func tokens(
        _ encode: (Tokenizer.Encoder) throws(TokenizerError) -> [UInt32]
    ) throws(ModelError) -> [UInt32] {
        let encoder = try encoder()
        do {
            return try encode(encoder)
        } catch {
            throw ModelError(.memory, "\(file.path): \(error)")
        }
    }

    /// Counts the time of each operation in `profile` from now on; nil ends it. All sessions of the model count.
    public func measure(in profile: Profile?) {
        computeLock.withLock { forwardPass.observer = profile }
    }

    /// Feeds a chunk of tokens when it is this caller's turn, and gives `memory` the logits after the last one if they are wanted.
    /// Throws, with all of it as before, where numbers come up that are not finite, and where the file can't be read any more.
    func feed(
        _ tokens: UnsafeBufferPointer<UInt32>, to memory: SessionMemory, wantsLogits: Bool
    ) throws(ModelError) {
        try compute { () throws(ForwardPassError) in
            guard wantsLogits, let start = nextLogits.baseAddress else {
                return try forwardPass.feed(tokens, to: memory.state, output: .none)
            }
            try forwardPass.feed(tokens, to: memory.state, output: .last(start))
            swap(&memory.logits, &nextLogits)
        }
    }

    /// The same, with the logits after every token in the caller's memory. [tokens × vocabulary]
    func feed(
        _ tokens: UnsafeBufferPointer<UInt32>, to memory: SessionMemory, allLogits: UnsafeMutablePointer<Float>,
        speculation: Speculation? = nil
    ) throws(ModelError) {
        try compute { () throws(ForwardPassError) in
            try forwardPass.feed(tokens, to: memory.state, output: .all(allLogits), speculation: speculation)
        }
    }

    /// Feeds runs of this model's sessions in one pass, when it is this caller's turn.
    func feed(_ runs: UnsafeBufferPointer<Run>) throws(ModelError) {
        try compute { () throws(ForwardPassError) in try forwardPass.feed(runs) }
    }

    /// Runs `body` when it is this caller's turn.
    private func compute(_ body: () throws(ForwardPassError) -> Void) throws(ModelError) {
        do throws(ForwardPassError) {
            try computeLock.withLock { () throws(ForwardPassError) in
                defer {
                    if residencyKeeper?.notePass(forwardPass, file) == true {
                        streamPlan.withLock { $0 = forwardPass.streamPlan }
                    }
                }
                try body()
            }
        } catch {
            switch error {
            case .unreadable(let error): throw ModelError(error)
            case .nonFinite(let numbers):
                throw ModelError(
                    .content,
                    "\(file.path): \(numbers); check the file with rg-quant verify: if it is whole, "
                        + "the model needs numbers that f32 can't hold")
            }
        }
    }

    /// Throws once the file can't be read any more.
    func checkFile() throws(ModelError) {
        do throws(ModelFileError) {
            try file.checkIntact()
        } catch {
            throw ModelError(error)
        }
    }
}

extension Model {
    /// Threads that compute, the caller's included.
    public var threads: Int { forwardPass.team.count }
    /// What computes: the set of kernels that was chosen at open.
    public var kernels: KernelSet { forwardPass.kernels }
    /// Weights of the model, the tied head counted once.
    public var parameterCount: Int { weights.parameterCount }
    /// True if the model knows how a conversation is written.
    public var isInstructionTuned: Bool { chatTemplate != nil }

    /// Bytes of the mapped file.
    public var mappedBytes: Int { file.byteCount }
    /// Bytes of the file's weights that stay in memory, as far as it is up to the model.
    public var residentBytes: Int { streamPlan.withLock { $0?.residentBytes } ?? weights.bytesPerToken }
    /// Bytes of weights that a token reads from the disk.
    public var streamedBytes: Int { streamPlan.withLock { $0?.streamedBytes } ?? 0 }
    /// Bytes allocated by each session, at any length.
    public var sessionBytes: Int { Session.byteCount(self) }
    /// Bytes allocated once, for all sessions: what the forward pass works in, the decays, and the tokenizer, without
    /// ``encoder()``.
    public var sharedBytes: Int {
        let streaming = streamPlan.withLock { $0 != nil } ? ForwardPass.streamBytes(file, threads: threads) : 0
        return forwardPass.byteCount + streaming + weights.allocatedBytes + tokenizer.byteCount
            + nextLogits.count * MemoryLayout<Float>.size
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

    private static func lock(_ file: ModelFile, _ range: Range<Int>) throws(ModelError) {
        do {
            try file.lock(range)
        } catch {
            // Whatever the errno, it is memory that the system refused.
            throw ModelError(.memory, error.description, code: error.code)
        }
    }

    private static func configuration(of file: ModelFile) throws(ModelError) -> Configuration {
        do {
            return try Configuration(parsing: file.metadata.configuration)
        } catch {
            guard !error.isMemory else { throw ModelError(.memory, "\(file.path): \(error); close other programs") }
            throw ModelError(.format, "\(file.path): \(error); convert the model again with this version's rg-quant")
        }
    }

    private static func text(of file: ModelFile, _ configuration: Configuration) throws(ModelError) -> (Tokenizer, ChatTemplate?) {
        let tokenizer: Tokenizer
        do {
            tokenizer = try Tokenizer(model: file.metadata.tokenizer)
        } catch {
            throw ModelError(.format, "\(file.path): \(error); convert the model again")
        }
        guard tokenizer.vocabularySize == configuration.vocabularySize else {
            throw ModelError(
                .format,
                "\(file.path): the tokenizer has \(tokenizer.vocabularySize) pieces, the model \(configuration.vocabularySize); "
                    + "convert the model again")
        }
        guard let template = file.metadata.chatTemplate else { return (tokenizer, nil) }
        do {
            return (tokenizer, try ChatTemplate(template))
        } catch {
            throw ModelError(.format, "\(file.path): \(error); convert the model again")
        }
    }
}
