import Files
import Synchronization
import System

/// Sessions in a folder, found by the tokens that they have consumed: a prompt that begins as an earlier
/// one did costs only the rest.
///
/// Several programs may use a folder at once, with several models: files appear whole, and one that has gone in the meantime counts
/// as not there. A problem with a file is not an error of the generation, which then does without it; a damaged file is removed.
///
/// Files reveal prompts, and what they hold is trusted to be what a prompt leads to. So they are for this user alone, and those of
/// other users, except root, are not used, unless the folder is shared: its group, or everybody, may write in it. Then they are for
/// its group, or for everybody, and whoever may write there is trusted.
public final class PromptCache: Sendable {
    /// Where the sessions are kept, as it was given.
    public let folder: String
    /// Bytes that the files may take together.
    public let limit: Int

    let model: Model
    /// What names of files say of whom they are for.
    private let owner: String
    private let files: Folder
    private let onProblem: @Sendable (String) -> Void
    /// True once `onProblem` was told that the system refuses to store or to remove something: it would be the same with the next
    /// file.
    private let isRefusalTold = Atomic<Bool>(false)
    /// True once `onProblem` was told that a session is larger than ``limit``.
    private let isLimitTold = Atomic<Bool>(false)
    /// True once `onProblem` was told that files of others are not used.
    private let isStrangerTold = Atomic<Bool>(false)

    /// Tokens between two stored snapshots of a prompt, and so the most that are computed again where two prompts part. Another
    /// snapshot is stored there, for a third prompt that parts from them at the same place.
    static let spacing = 256
    /// The fewest tokens that a stored snapshot must save.
    static let leastGain = 64
    /// A prompt is compared with this many stored sessions, those used last, to find where it parts from them.
    private static let comparisons = 256
    /// How the names of the cache's files end. No other file in the folder is touched.
    private static let suffix = ".prompt.rgs"

    /// The cache of a model's sessions in `folder`, which is made if it isn't there; what is in it beyond the limit goes at once.
    /// `onProblem` is told, in one sentence and once per kind of problem, what keeps sessions from being stored or used. Throws if
    /// the folder can't be made or read.
    public convenience init(
        folder: String, limit: Int, model: Model, onProblem: @escaping @Sendable (String) -> Void = { _ in }
    ) throws(ModelError) {
        try self.init(folder: folder, limit: limit, model: model, owner: "", onProblem: onProblem)
    }

    /// The same for one of several who share the folder and its limit, but not their sessions: `owner` is a word for whom, of letters
    /// and digits.
    package init(
        folder: String, limit: Int, model: Model, owner: String, onProblem: @escaping @Sendable (String) -> Void
    ) throws(ModelError) {
        files = try modelErrors(Self.opened(folder))
        self.owner = owner
        self.folder = folder
        self.limit = limit
        self.model = model
        self.onProblem = onProblem
        makeRoom()
    }

    private static func opened(_ folder: String) throws(FileProblem) -> Folder {
        let files = try Folder(making: folder, isPrivate: true)
        // Older versions let everybody read them.
        for entry in try files.entries() where entry.name.hasSuffix(suffix) { files.restrict(entry.name) }
        return files
    }

    /// The stored session that has consumed the longest beginning of `tokens`; nil if none has consumed more than `least` of them.
    func session(beginning tokens: [UInt32], longerThan least: Int = 0) -> Session? {
        var session: Session?
        let count = search(beginning: tokens, longerThan: least) { file throws(ModelError) in
            let loaded = try model.session(from: file)
            session = loaded
            return loaded.memory
        }
        return count == nil ? nil : session
    }

    /// Makes a session, whatever it was, the stored one that has consumed the longest beginning of `tokens`, and returns how many
    /// those are. Nil if none has consumed more than `least` of them; the session may then be of no use before it is reset.
    package func resume(_ session: Session, beginning tokens: [UInt32], longerThan least: Int = 0) -> Int? {
        session.settle()
        return search(beginning: tokens, longerThan: least) { file throws(ModelError) in
            try model.read(file, into: session.memory)
            return session.memory
        }
    }

    /// Looks for the stored session that has consumed the longest beginning of `tokens`, more than `least` of them, and has `read`
    /// read it. Returns how many those are.
    private func search(
        beginning tokens: [UInt32], longerThan least: Int, read: (RegularFile) throws(ModelError) -> SessionMemory
    ) -> Int? {
        guard let entries = try? files.entries() else { return nil }
        let names = Set(entries.lazy.map(\.name).filter { $0.hasSuffix(Self.suffix) })
        guard !names.isEmpty else { return nil }
        // Few of the beginnings have a name that is there: the others need none.
        let counts = Set(names.compactMap(Self.count(inName:)))
        // The hash of every beginning, in one pass.
        var hash = TokenHash()
        var found: [(name: String, count: Int)] = []
        for (index, token) in tokens.enumerated() {
            hash.append(token)
            guard index >= least, counts.contains(index + 1) else { continue }
            let name = name(of: hash, count: index + 1)
            if names.contains(name) { found.append((name, index + 1)) }
        }
        for (name, count) in found.reversed() {
            if isRead(name, beginning: tokens.prefix(count), by: read) { return count }
        }
        return nil
    }

    /// Reads the session in a file; true if it has consumed exactly these tokens.
    private func isRead(
        _ name: String, beginning tokens: ArraySlice<UInt32>, by read: (RegularFile) throws(ModelError) -> SessionMemory
    ) -> Bool {
        do throws(ModelError) {
            guard let file = trusted(name) else { return false }
            let memory = try read(file)
            // Somebody may have looked for two texts with the same hash.
            guard memory.hasConsumed(tokens) else { return false }
            files.touch(name)
            return true
        } catch {
            // Another version's is for other programs that use the folder.
            if ![.io, .memory, .version].contains(error.kind) { try? files.remove(name) }
            return false
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

    /// Tokens in the longest beginning that a prompt shares with a stored session. Sessions with more tokens than a file keeps
    /// don't count: their beginning is not known.
    package func longestCommonBeginning(of tokens: [UInt32]) -> Int {
        guard let entries = try? files.entries() else { return 0 }
        let own = entries.filter { $0.name.hasPrefix(namePrefix) && $0.name.hasSuffix(Self.suffix) }
        return own.sorted { $1.isOlder(than: $0) }.prefix(Self.comparisons).reduce(0) { longest, entry in
            let others = trusted(entry.name).flatMap(model.tokens(ofSession:)) ?? []
            return max(longest, zip(tokens, others).prefix { $0 == $1 }.count)
        }
    }

    /// Stores a session and removes what has been used longest ago, down to the limit.
    /// False if that isn't possible.
    @discardableResult package func store(_ session: Session) -> Bool {
        let byteCount = session.largestSerialization
        guard byteCount <= limit else {
            guard !isLimitTold.exchange(true, ordering: .relaxed) else { return false }
            onProblem(
                "the prompt is not kept: \(folder) may take \(limit) bytes, and a session \(byteCount); allow the folder more")
            return false
        }
        let name = name(of: session.memory.tokenHash, count: Int(session.position))
        defer { makeRoom() }
        return attempt("the prompt is not kept") { () throws(ModelError) in
            try session.save(to: files.file(name), replacing: .session, for: .sharing(files.sharing))
        }
    }

    private func makeRoom() {
        attempt("the prompt cache takes more than it may") { () throws(ModelError) in try modelErrors(removeOldest()) }
    }

    /// Changes something in the folder. If the system refuses, reports `meaning`, the first time only.
    @discardableResult private func attempt(_ meaning: String, _ change: () throws(ModelError) -> Void) -> Bool {
        do throws(ModelError) {
            try change()
            return true
        } catch {
            if !isRefusalTold.exchange(true, ordering: .relaxed) { onProblem("\(meaning): \(error)") }
            return false
        }
    }

    /// Throws if too much stays because the system refuses to remove files.
    private func removeOldest() throws(FileProblem) {
        let sessions = try files.entries().filter { $0.name.hasSuffix(Self.suffix) }
        var refusal: FileProblem?
        // A file with holes may seem larger than any disk.
        var total = sessions.reduce(0) { total, entry in
            let (sum, overflow) = total.addingReportingOverflow(entry.byteCount)
            return overflow ? .max : sum
        }
        for entry in sessions.sorted(by: { $0.isOlder(than: $1) }) where total > limit {
            do throws(FileProblem) {
                try files.remove(entry.name)
                total -= entry.byteCount
            } catch {
                refusal = error
            }
        }
        if let refusal, total > limit { throw refusal }
    }

    /// How the names of this model's files begin. They name the kernels' arithmetic as well, since another rounds differently.
    private var namePrefix: String {
        let whose = owner.isEmpty ? "" : "." + owner
        return "\(model.file.fingerprint.hexadecimal)-\(model.kernels.arithmetic)\(whose)-"
    }

    /// The number of tokens that the name of a file says.
    private static func count(inName name: String) -> Int? { name.split(separator: "-").dropLast().last.flatMap { Int($0) } }

    /// The name of the file of a session.
    private func name(of hash: TokenHash, count: Int) -> String {
        "\(namePrefix)\(count)-\(hash.hash.hexadecimal)" + Self.suffix
    }
}

/// A cache is equal to itself alone.
extension PromptCache: Hashable {
    /// True for the same object.
    public static func == (first: PromptCache, second: PromptCache) -> Bool { first === second }

    /// Hashes which object it is.
    public func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}

extension Session {
    /// Consumes a prompt, from position 0, with the help of `cache`: goes on from the longest beginning that is there, and stores
    /// what is new at every ``PromptCache/spacing`` tokens, where it parts from other prompts, and at the end. Returns how many
    /// tokens did not have to be computed; nil if `isCancelled`, which is asked before each pass, ended it. `onProgress` is told how
    /// many tokens are done: what the cache had, and then after each pass. If it throws, some may have been consumed.
    func prefill(
        _ tokens: [UInt32], through cache: PromptCache, isCancelled: () -> Bool = { false },
        onProgress: (_ done: Int) -> Void = { _ in }
    ) throws(ModelError) -> Int? {
        if let stored = cache.session(beginning: tokens) { memory.copy(from: stored.memory) }
        let reused = Int(position)
        if reused > 0 { onProgress(reused) }
        return try store(tokens, in: cache, isCancelled: isCancelled, onProgress: onProgress) ? reused : nil
    }

    /// Consumes the rest of a prompt, of which the tokens up to ``position`` have been consumed, and stores what is new, as
    /// ``prefill(_:through:isCancelled:onProgress:)`` does. False if `isCancelled` ended it.
    func store(
        _ tokens: [UInt32], in cache: PromptCache, isCancelled: () -> Bool, onProgress: (_ done: Int) -> Void
    ) throws(ModelError) -> Bool {
        let reused = Int(position)
        let parting = reused < tokens.count ? cache.longestCommonBeginning(of: tokens) : reused
        var start = reused, stored = reused
        while start < tokens.count {
            let next = min(tokens.count, (start / PromptCache.spacing + 1) * PromptCache.spacing)
            let end = parting > start ? min(parting, next) : next
            let isWhole = try tokens.withUnsafeBufferPointer { tokens throws(ModelError) in
                try consumeUnlessCancelled(UnsafeBufferPointer(rebasing: tokens[start..<end]), isCancelled: isCancelled) {
                    onProgress(start + $0)
                }
            }
            guard isWhole else { return false }
            start = end
            if end - stored >= PromptCache.leastGain {
                cache.store(self)
                stored = end
            }
        }
        return true
    }
}
