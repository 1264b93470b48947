import Files
import Glibc
import ModelFile
import System

extension Session {
    /// Bytes that suffice for ``serialize(into:)`` now: little more than what the session remembers.
    public var largestSerialization: Int { SessionShape(model).largestFile(at: position, withExponents: true) }

    /// Writes the session as the bytes of a session file (`formats/rgs.md`), from which ``Model/session(deserializing:)`` brings it
    /// back. Returns their number, or nil if the buffer has fewer than ``largestSerialization`` bytes.
    public func serialize(into buffer: UnsafeMutableRawBufferPointer) -> Int? {
        reading { pack(into: buffer) }
    }

    private func pack(into buffer: UnsafeMutableRawBufferPointer) -> Int? {
        // Those that a constraint has left out are missing here, too, if the model can't compute them.
        guard buffer.count >= largestSerialization, (try? completeLogits()) != nil else { return nil }
        let content = UnsafeMutableRawBufferPointer(rebasing: buffer[SessionHeader.byteCount...])
        var writer = SegmentWriter(content)
        memory.recent.oldestFirst.map(\.littleEndian).withUnsafeBytes { writer.append($0) }
        var header = SessionHeader(self)
        for part in memory.state.parts(withExponents: header.hasExponents) { writer.append(UnsafeRawBufferPointer(part.bytes)) }
        if let logits = currentLogits { writer.append(UnsafeRawBufferPointer(logits)) }

        header.fileBytes = SessionHeader.byteCount + writer.count
        header.contentChecksum = Checksum.of(content.bytes.extracting(..<writer.count))
        buffer.copyBytes(from: header.bytes)
        return header.fileBytes
    }

    /// The session as the bytes of a session file.
    public func serialized() -> [UInt8] {
        reading {
            [UInt8](unsafeUninitializedCapacity: largestSerialization) { buffer, count in
                count = pack(into: UnsafeMutableRawBufferPointer(buffer)) ?? 0
            }
        }
    }

    /// Saves the session to a file, from which ``Model/session(from:)`` brings it back. The file appears whole or not at all: until
    /// this returns, an older file of that name stays. A new file is for this user alone, since it tells what was said. Throws if
    /// the system refuses, or if there is something other than a saved session, which then stays.
    public func save(to path: String) throws(ModelError) { try save(to: path, replacing: .session, for: .userAlone) }

    /// The same, in the place of a file of another kind, or readable by others as well.
    package func save(
        to path: String, replacing kind: FileKind, for audience: AtomicFile.Audience = .userAlone
    ) throws(ModelError) {
        try claim()
        try completeLogits()
        guard position == 0 || currentLogits != nil else {
            throw ModelError(.argument, "\(path): a session can't be saved within a prompt; save it when that has been fed")
        }
        let capacity = largestSerialization
        guard let start = SystemMemory.zeroed(UInt8.self, count: capacity) else {
            throw ModelError(.memory, "\(path): no memory to pack a session of \(capacity) bytes; close other programs")
        }
        defer { free(start) }
        let count = serialize(into: UnsafeMutableRawBufferPointer(start: start, count: capacity)) ?? 0
        let bytes = UnsafeRawBufferPointer(start: start, count: count)
        try modelErrors(bytes.save(to: path, replacing: kind, for: audience))
    }
}

extension UnsafeRawBufferPointer {
    /// Saves the bytes as a file, whole or not at all.
    fileprivate func save(to path: String, replacing kind: FileKind, for audience: AtomicFile.Audience) throws(FileProblem) {
        let file = try AtomicFile(target: path, replacing: kind, for: audience)
        try file.checkRoom(for: count)
        try file.write(self, at: 0)
        try file.commit()
    }
}

extension FileKind {
    /// Session files, of all versions.
    package static let session = FileKind("a saved session", startingWith: Array(SessionHeader.magic.prefix(3)))
}
