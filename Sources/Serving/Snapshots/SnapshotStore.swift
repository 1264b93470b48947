import RGEdge
import System

/// Snapshots of conversations in memory, found by their tokens: where prompts ended, where answers did, and where two prompts parted.
///
/// They take at most ``limit`` bytes. To make room, those go first that another one of the same owner has grown out of, used longest
/// ago first: what is left last is the newest state of each conversation, and beginnings that several share.
final class SnapshotStore: Sendable {
    /// A snapshot and what it is of.
    fileprivate struct Kept {
        let owner: Owner
        let tokens: [UInt32]
        let snapshot: Snapshot
        let byteCount: Int
        var lastUse: UInt64
    }

    fileprivate struct State {
        var kept: [Kept] = []
        var byteCount = 0
        var clock: UInt64 = 0
    }

    /// Bytes that all may take together.
    let limit: Int
    private let model: Model
    private let state = Guarded(State())

    /// The fewest tokens that a snapshot must save.
    static let leastGain = 16

    init(_ model: Model, limit: Int) {
        self.model = model
        self.limit = limit
    }

    /// How many there are, and the bytes that they take.
    var figures: (count: Int, byteCount: Int) { state.withLock { ($0.kept.count, $0.byteCount) } }

    /// The snapshot of the longest beginning of some tokens, and how many those are; nil if there is none of more than `least`.
    func longest(beginning tokens: [UInt32], of owner: Owner, longerThan least: Int = 0) -> (snapshot: Snapshot, count: Int)? {
        state.withLock { state in
            var best: Int?
            for (index, kept) in state.kept.enumerated()
            where kept.owner == owner && kept.tokens.count > (best.map { state.kept[$0].tokens.count } ?? least)
                && begins(tokens, with: kept.tokens) && (kept.snapshot.hasLogits || kept.tokens.count < tokens.count)
            {
                best = index
            }
            guard let best else { return nil }
            state.clock += 1
            state.kept[best].lastUse = state.clock
            return (state.kept[best].snapshot, state.kept[best].tokens.count)
        }
    }

    /// Tokens in the longest beginning that a prompt shares with what is kept, if that is not kept itself.
    func commonBeginning(of tokens: [UInt32], owner: Owner) -> Int {
        state.withLock { state in
            state.kept.lazy.filter { $0.owner == owner }.reduce(0) { max($0, sharedCount(tokens, $1.tokens)) }
        }
    }

    /// True if one after so many tokens may be kept at all.
    func hasRoom(after tokens: Int) -> Bool { byteCount(after: tokens) <= limit }

    private func byteCount(after tokens: Int) -> Int {
        Snapshot.touchedBytes(of: model, position: Int64(tokens)) + MemoryLayout<UInt32>.stride * tokens
    }

    /// Keeps where a session is, which has consumed these tokens. Returns the snapshot; nil if it is larger than all may be, or
    /// there is no memory for it.
    @discardableResult
    func keep(_ session: Session, after tokens: [UInt32], of owner: Owner) -> Snapshot? {
        guard hasRoom(after: tokens.count) else { return nil }
        let byteCount = byteCount(after: tokens.count)
        let known: Snapshot? = state.withLock { state in
            state.clock += 1
            if let index = state.kept.firstIndex(where: { $0.owner == owner && $0.tokens == tokens }) {
                if state.kept[index].snapshot.hasLogits || !session.hasLogits {
                    state.kept[index].lastUse = state.clock
                    return state.kept[index].snapshot
                }
                // One within a prompt, where this is the end of one.
                state.byteCount -= state.kept.remove(at: index).byteCount
            }
            state.makeRoom(for: byteCount, limit: limit)
            // Taken before there is a snapshot: no other may have it meanwhile.
            state.byteCount += byteCount
            return nil
        }
        if let known { return known }
        guard let snapshot = try? session.snapshot() else {
            state.withLock { $0.byteCount -= byteCount }
            return nil
        }
        state.withLock { state in
            state.kept.append(
                Kept(owner: owner, tokens: tokens, snapshot: snapshot, byteCount: byteCount, lastUse: state.clock))
        }
        return snapshot
    }
}

extension SnapshotStore.State {
    /// Removes snapshots until there is room for so many bytes.
    fileprivate mutating func makeRoom(for needed: Int, limit: Int) {
        while byteCount + needed > limit, !kept.isEmpty {
            let order = kept.indices.sorted { kept[$0].lastUse < kept[$1].lastUse }
            // Not all: where there are very many, any old one will do.
            let victim = order.prefix(32).first(where: isOutgrown) ?? order[0]
            byteCount -= kept[victim].byteCount
            kept.remove(at: victim)
        }
    }

    /// True if exactly one other begins with the same tokens, or several of which one begins with another: one line of a conversation
    /// that went on.
    private func isOutgrown(_ index: Int) -> Bool {
        let own = kept[index]
        let longer = kept.filter {
            $0.owner == own.owner && $0.tokens.count > own.tokens.count && begins($0.tokens, with: own.tokens)
        }
        guard let longest = longer.max(by: { $0.tokens.count < $1.tokens.count }) else { return false }
        return longer.allSatisfy { begins(longest.tokens, with: $0.tokens) }
    }
}

/// True if some tokens begin with others.
private func begins(_ tokens: [UInt32], with others: [UInt32]) -> Bool { sharedCount(tokens, others) == others.count }

/// Elements that two arrays have in common at their beginning.
func sharedCount(_ first: [UInt32], _ second: [UInt32]) -> Int {
    let count = min(first.count, second.count)
    return first.withUnsafeBufferPointer { first in
        second.withUnsafeBufferPointer { second in
            var index = 0
            while index < count, first[index] == second[index] { index += 1 }
            return index
        }
    }
}
