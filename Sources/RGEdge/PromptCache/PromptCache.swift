import Files
import Synchronization

/// Sessions in a folder, found by the tokens that they have consumed: a prompt that begins as an earlier
/// one did costs only the rest.
///
/// Several programs may use a folder at once, with several models: files appear whole, and one that has gone in the meantime was
/// not there. What goes wrong with a file is no error of the generation, which then does without; a damaged file is removed.
///
/// Files tell what prompts say, and what is in them is taken for what a prompt leads to. So they are for this user alone, and those
/// of other users, root excepted, are not used, unless the folder is shared: its group, or everybody, may write in it. Then they
/// are for its group, or for everybody, and whoever may write there is trusted.
public final class PromptCache: Sendable {
    /// Where the sessions are kept, as it was given.
    public let folder: String
    /// Bytes that the files may take together.
    public let limit: Int

    let model: Model
    private let files: Folder
    private let onProblem: @Sendable (String) -> Void
    /// True once it was told that the system refuses to store or to remove something: of the next file it would be the same.
    private let isRefusalTold = Atomic<Bool>(false)
    /// True once it was told that a session is larger than ``limit``.
    private let isLimitTold = Atomic<Bool>(false)
    /// True once it was told that files of others are not used.
    private let isStrangerTold = Atomic<Bool>(false)

    /// Tokens between two stored snapshots of a prompt: so many at most are computed again where two prompts part. There another
    /// moment is stored, so that a third prompt that parts from them there finds it.
    static let spacing = 256
    /// Tokens that a stored moment has to save at least.
    static let leastGain = 64
    /// Stored sessions that a prompt is compared with to find where it parts from them, those used last.
    private static let comparisons = 256
    /// Nothing without it in its name is touched: the folder may have files of others.
    private static let suffix = ".prompt.rgs"

    /// The cache of a model's sessions in `folder`, which is made if it isn't there; what is in it beyond the limit goes at once.
    /// `onProblem` is told, in a sentence and once, what keeps sessions from being stored or used. Throws if the folder can't be
    /// made or read.
    public init(
        folder: String, limit: Int, model: Model, onProblem: @escaping @Sendable (String) -> Void = { _ in }
    ) throws(ModelError) {
        files = try translatingFileErrors { () throws(FileError) in
            let files = try Folder(making: folder, isPrivate: true)
            // Older versions have let everybody read them.
            for entry in try files.entries() where entry.name.hasSuffix(Self.suffix) { files.restrict(entry.name) }
            return files
        }
        self.folder = folder
        self.limit = limit
        self.model = model
        self.onProblem = onProblem
        makeRoom()
    }

    /// The stored session that has consumed the longest beginning of `tokens`; nil if none has consumed any.
    func session(beginning tokens: [UInt32]) -> Session? {
        guard let entries = try? files.entries() else { return nil }
        let names = Set(entries.lazy.map(\.name).filter { $0.hasSuffix(Self.suffix) })
        guard !names.isEmpty else { return nil }
        // The hash of every beginning, in one pass.
        var chain = TokenHash()
        var found: [(name: String, count: Int)] = []
        for (index, token) in tokens.enumerated() {
            chain.append(token)
            let name = name(of: chain, count: index + 1)
            if names.contains(name) { found.append((name, index + 1)) }
        }
        for (name, count) in found.reversed() {
            if let session = session(name, beginning: tokens.prefix(count)) { return session }
        }
        return nil
    }

    /// The session in a file, if it has consumed just these tokens.
    private func session(_ name: String, beginning tokens: ArraySlice<UInt32>) -> Session? {
        do throws(ModelError) {
            guard let file = trusted(name) else { return nil }
            let session = try model.session(from: file)
            // The hash is no proof against somebody who looks for two texts that share one.
            guard session.position == tokens.count, session.memory.recent.oldestFirst == tokens.suffix(RecentTokens.limit) else {
                return nil
            }
            files.touch(name)
            return session
        } catch {
            if error.kind != .io, error.kind != .memory { try? files.remove(name) }
            return nil
        }
    }

    /// A file that is there and can be opened, if this user may trust it.
    private func trusted(_ name: String) -> RegularFile? {
        guard let file = try? RegularFile(path: files.file(name)) else { return nil }
        if files.trusts(file) { return file }
        if !isStrangerTold.exchange(true, ordering: .relaxed) {
            onProblem(
                "files of other users in \(folder) are not used, as the folder isn't shared; "
                    + "let its group write in it (chmod g+rwx) to share it")
        }
        return nil
    }

    /// How many tokens a prompt has in common with one of the stored sessions, at most; of those that are longer than what a file
    /// keeps of its tokens nothing is known.
    func longestCommonBeginning(of tokens: [UInt32]) -> Int {
        guard let entries = try? files.entries() else { return 0 }
        let own = entries.filter { $0.name.hasPrefix(namePrefix) && $0.name.hasSuffix(Self.suffix) }
        return own.sorted { $1.isOlder(than: $0) }.prefix(Self.comparisons).reduce(0) { longest, entry in
            let others = trusted(entry.name).flatMap(model.tokens(ofSession:)) ?? []
            return max(longest, zip(tokens, others).prefix { $0 == $1 }.count)
        }
    }

    /// Stores a session and removes what has been used longest ago, down to the limit.
    func store(_ session: Session) {
        let byteCount = session.largestSerialization
        guard byteCount <= limit else {
            guard !isLimitTold.exchange(true, ordering: .relaxed) else { return }
            return onProblem(
                "the prompt is not kept: \(folder) may take \(limit) bytes, and a session \(byteCount); allow the folder more")
        }
        attempt("the prompt is not kept") { () throws(ModelError) in
            try session.save(
                to: files.file(name(of: session.memory.chain, count: Int(session.position))), replacing: .session,
                for: .sharing(files.sharing))
        }
        makeRoom()
    }

    private func makeRoom() {
        attempt("the prompt cache takes more than it may") { () throws(ModelError) in try translatingFileErrors(removeOldest) }
    }

    /// Changes something in the folder; says what it means if the system refuses, the first time.
    private func attempt(_ meaning: String, _ change: () throws(ModelError) -> Void) {
        do throws(ModelError) {
            try change()
        } catch {
            if !isRefusalTold.exchange(true, ordering: .relaxed) { onProblem("\(meaning): \(error)") }
        }
    }

    /// Throws if too much stays, as the system doesn't let all go.
    private func removeOldest() throws(FileError) {
        let sessions = try files.entries().filter { $0.name.hasSuffix(Self.suffix) }
        var refusal: FileError?
        // A file with holes may seem larger than any disk.
        var total = sessions.reduce(0) { total, entry in
            let (sum, overflow) = total.addingReportingOverflow(entry.byteCount)
            return overflow ? .max : sum
        }
        for entry in sessions.sorted(by: { $0.isOlder(than: $1) }) where total > limit {
            do throws(FileError) {
                try files.remove(entry.name)
                total -= entry.byteCount
            } catch {
                refusal = error
            }
        }
        if let refusal, total > limit { throw refusal }
    }

    /// How the names of files begin: of this model, with these kernels, since others round otherwise.
    private var namePrefix: String { "\(model.file.fingerprint.hexadecimal)-\(model.kernels.name)-" }

    /// The name of the file of a session.
    private func name(of chain: TokenHash, count: Int) -> String {
        "\(namePrefix)\(count)-\(chain.hash.hexadecimal)" + Self.suffix
    }
}

extension Session {
    /// Consumes a prompt, from position 0, with the help of `cache`: goes on from the longest beginning that is there, and stores
    /// what is new at every ``PromptCache/spacing`` tokens, where it parts from other prompts, and at the end. Returns how many
    /// tokens did not have to be computed; nil if `isCancelled`, which is asked between these places, ended it. If it throws, some
    /// may have been consumed.
    func consume(
        _ tokens: [UInt32], through cache: PromptCache, isCancelled: () -> Bool = { false }
    ) throws(ModelError) -> Int? {
        if let stored = cache.session(beginning: tokens) { memory.copy(from: stored.memory) }
        let reused = Int(position)
        let parting = reused < tokens.count ? cache.longestCommonBeginning(of: tokens) : reused
        var start = reused, stored = reused
        while start < tokens.count {
            if start > reused, isCancelled() { return nil }
            let next = min(tokens.count, (start / PromptCache.spacing + 1) * PromptCache.spacing)
            let end = parting > start ? min(parting, next) : next
            try tokens.withUnsafeBufferPointer { tokens throws(ModelError) in
                try consume(UnsafeBufferPointer(rebasing: tokens[start..<end]))
            }
            start = end
            if end - stored >= PromptCache.leastGain {
                cache.store(self)
                stored = end
            }
        }
        return reused
    }
}
