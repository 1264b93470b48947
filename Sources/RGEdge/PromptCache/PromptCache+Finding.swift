import Files
import System

// Which stored session begins as a prompt does.
extension PromptCache {
    /// A prompt is compared with this many stored sessions, those used last, to find where it parts from them.
    private static let comparisons = 256

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
}
