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
    let files: Folder
    let onProblem: @Sendable (String) -> Void
    /// True once `onProblem` was told that the system refuses to store or to remove something: it would be the same with the next
    /// file.
    private let isRefusalTold = Atomic<Bool>(false)
    /// True once `onProblem` was told that a session is larger than ``limit``.
    private let isLimitTold = Atomic<Bool>(false)
    /// True once `onProblem` was told that files of others are not used.
    let isStrangerTold = Atomic<Bool>(false)

    /// Tokens between two stored snapshots of a prompt, and so the most that are computed again where two prompts part. Another
    /// snapshot is stored there, for a third prompt that parts from them at the same place.
    static let spacing = 256
    /// The fewest tokens that a stored snapshot must save.
    static let leastGain = 64
    /// How the names of the cache's files end. No other file in the folder is touched.
    static let suffix = ".prompt.rgs"

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
    var namePrefix: String {
        let whose = owner.isEmpty ? "" : "." + owner
        return "\(model.file.fingerprint.hexadecimal)-\(model.kernels.arithmetic)\(whose)-"
    }

    /// The number of tokens that the name of a file says.
    static func count(inName name: String) -> Int? { name.split(separator: "-").dropLast().last.flatMap { Int($0) } }

    /// The name of the file of a session.
    func name(of hash: TokenHash, count: Int) -> String {
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
