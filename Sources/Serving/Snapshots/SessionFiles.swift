import RGEdge
import System

/// Sessions in a folder: what a conversation goes on with after a restart, on another board, or when memory had no room for it.
///
/// Files are found by the tokens that they have consumed, belong to one owner each, and appear whole or not at all, so that several
/// servers may use a folder at once (``PromptCache``).
final class SessionFiles: Sendable {
    private let folder: String
    private let limit: Int
    private let model: Model
    private let report: @Sendable (String) -> Void
    private let caches = Guarded<[Owner: PromptCache]>([:])
    /// Held while a file is read or written: unpacked, one takes as much memory as a session.
    private let busy = Lock()
    private let counts = Guarded((loads: 0, saves: 0))

    /// The sessions in `folder`, which is made if it isn't there. `report` is told, once per kind of problem, what keeps them from being
    /// stored or used. Throws if the folder can't be made or read.
    init(folder: String, limit: Int, model: Model, report: @escaping @Sendable (String) -> Void) throws(ModelError) {
        self.folder = folder
        self.limit = limit
        self.model = model
        self.report = report
        _ = try cache(of: .everybody)
    }

    /// Files that were read and written so far.
    var figures: (loads: Int, saves: Int) { counts.withLock { $0 } }

    private func cache(of owner: Owner) throws(ModelError) -> PromptCache {
        try caches.withLock { caches throws(ModelError) in
            if let cache = caches[owner] { return cache }
            let cache = try PromptCache(folder: folder, limit: limit, model: model, owner: owner.word, onProblem: report)
            caches[owner] = cache
            return cache
        }
    }

    /// Makes a session the stored one that has consumed the longest beginning of some tokens, and returns how many those are. Nil if
    /// there is none of more than `least`: the session is then to be reset or restored.
    func resume(_ session: Session, beginning tokens: [UInt32], of owner: Owner, longerThan least: Int) -> Int? {
        busy.withLock {
            guard let count = (try? cache(of: owner))?.resume(session, beginning: tokens, longerThan: least) else { return nil }
            counts.withLock { $0.loads += 1 }
            return count
        }
    }

    /// Stores where a session is.
    func store(_ session: Session, of owner: Owner) {
        busy.withLock {
            guard let cache = try? cache(of: owner) else { return }
            if cache.store(session) { counts.withLock { $0.saves += 1 } }
        }
    }
}
