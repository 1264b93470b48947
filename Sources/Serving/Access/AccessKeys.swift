import CXXHash
import Files
import Glibc
import System

/// The keys that let clients in, from a file: one per line, `KEY` or `NAME:KEY`; lines that begin with `#` are comments.
///
/// They are compared in a time that says nothing of how much was right, and never written anywhere.
package struct AccessKeys: Sendable {
    private struct Key: Sendable {
        let owner: Owner
        let bytes: [UInt8]
    }

    private let keys: [Key]

    /// The fewest characters of a key: fewer could be guessed.
    private static let leastLength = 16

    /// No keys: everybody may come in.
    package init() { keys = [] }

    /// The keys in a file. Throws, with the number of the line and nothing of the key, for one that is too short or there twice, and for
    /// a file without any.
    ///
    /// With `needsNames`, also for a key without a name. What is a client's is known by a word that is made of the name, or of the
    /// key. Where that word is written into files' names, whoever sees these could try keys on it, a thousand million in a second,
    /// without asking the server.
    package init(file path: String, needsNames: Bool = false) throws(FileProblem) {
        let file = try TextFile(path: path)
        var text: [UInt8] = []
        while let part = try file.next() {
            text += part
            // Not cut: a part of a key might do for one.
            guard text.count <= Self.mostBytes else {
                throw FileProblem(
                    .content, path: path, problem: "has more than \(Self.mostBytes) bytes",
                    advice: "give a file of keys, one on a line")
            }
        }
        try self.init(text, path: path, needsNames: needsNames)
    }

    private static let mostBytes = 1 << 20

    /// True if everybody on this machine may read a file.
    package static func isOpenToAll(file path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & 0o004 != 0
    }

    init(_ text: [UInt8], path: String, needsNames: Bool = false) throws(FileProblem) {
        func problem(_ line: Int, _ problem: String, _ advice: String) -> FileProblem {
            FileProblem(.content, path: path, problem: "line \(line + 1): \(problem)", advice: advice)
        }
        var keys: [Key] = []
        for (number, line) in text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
            let line = Self.trimmed(line)
            guard let first = line.first, first != UInt8(ascii: "#") else { continue }
            var bytes = line, name: ArraySlice<UInt8>?
            if let colon = line.firstIndex(of: UInt8(ascii: ":")) { (name, bytes) = (line[..<colon], line[(colon + 1)...]) }
            guard bytes.count >= Self.leastLength, bytes.allSatisfy({ (0x21...0x7E).contains($0) }) else {
                throw problem(
                    number, "not a key of \(Self.leastLength) or more visible ASCII characters", "make one: openssl rand -hex 16")
            }
            guard !needsNames || !(name ?? []).isEmpty else {
                throw problem(
                    number, "a key without a name",
                    "write NAME:KEY; where sessions are kept in a folder, a client's are known by its name")
            }
            // By its name, a key may be changed without losing what was said.
            let owner = Owner(word: Self.word(of: name.map { Array("name:".utf8) + $0 } ?? Array("key:".utf8) + bytes))
            guard !keys.contains(where: { $0.bytes.elementsEqual(bytes) || $0.owner == owner }) else {
                throw problem(number, "a key or a name that was there before", "give each client its own")
            }
            keys.append(Key(owner: owner, bytes: Array(bytes)))
        }
        guard !keys.isEmpty else {
            throw FileProblem(.content, path: path, problem: "has no keys", advice: "write one on a line: openssl rand -hex 16")
        }
        self.keys = keys
    }

    /// True if nobody needs a key.
    package var isEmpty: Bool { keys.isEmpty }

    /// How many there are.
    package var count: Int { keys.count }

    /// Who has a key; nil for one that isn't known.
    func owner(of key: String) -> Owner? {
        var found: Owner?
        // All are looked at, whichever it is.
        for known in keys where Self.areEqual(Array(key.utf8), known.bytes) { found = known.owner }
        return found
    }

    /// Compares all bytes of the second array, whatever the first has.
    private static func areEqual(_ given: [UInt8], _ known: [UInt8]) -> Bool {
        var difference = UInt8(given.count == known.count ? 0 : 1)
        for index in known.indices { difference |= known[index] ^ (index < given.count ? given[index] : 0xFF) }
        return difference == 0
    }

    private static func word(of bytes: [UInt8]) -> String {
        let digits = String(bytes.withUnsafeBytes { XXH3_64bits($0.baseAddress, $0.count) }, radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }

    private static func trimmed(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let isSpace: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }
        let start = line.drop(while: isSpace)
        return start.prefix(start.count - start.reversed().prefix(while: isSpace).count)
    }
}
