import Files
import ModelFile

extension Session {
    /// Bytes that suffice for ``serialize(into:)`` now: little more than what the session remembers.
    public var largestSerialization: Int { SessionShape(model).largestFile(at: position, withExponents: true) }

    /// Writes the session as the bytes of a session file (`formats/rgs.md`), from which ``Model/session(deserializing:)`` brings it
    /// back. Returns their number, or nil if the buffer has fewer than ``largestSerialization`` bytes.
    public func serialize(into buffer: UnsafeMutableRawBufferPointer) -> Int? {
        guard buffer.count >= largestSerialization else { return nil }
        settle()
        let content = UnsafeMutableRawBufferPointer(rebasing: buffer[SessionHeader.byteCount...])
        var writer = PieceWriter(content)
        memory.recent.oldestFirst.map(\.littleEndian).withUnsafeBytes { writer.append($0) }
        var header = SessionHeader(self)
        for part in memory.state.parts(withExponents: header.hasExponents) { writer.append(UnsafeRawBufferPointer(part.bytes)) }
        if let logits { writer.append(UnsafeRawBufferPointer(logits)) }

        header.fileBytes = SessionHeader.byteCount + writer.count
        header.contentChecksum = Checksum.of(content.bytes.extracting(..<writer.count))
        buffer.copyBytes(from: header.bytes)
        return header.fileBytes
    }

    /// The session as the bytes of a session file.
    public func serialized() -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: largestSerialization) { buffer, count in
            count = serialize(into: UnsafeMutableRawBufferPointer(buffer)) ?? 0
        }
    }

    /// Saves the session to a file, from which ``Model/session(from:)`` brings it back. The file appears whole or not at all: until
    /// this returns, what stood under its name stays. A new one is for this user alone: it tells what was said. Throws if the
    /// system refuses.
    public func save(to path: String) throws(ModelError) { try save(to: path, isPrivate: true) }

    /// The same for a file that is for this user alone or not.
    func save(to path: String, isPrivate: Bool) throws(ModelError) {
        let bytes = serialized()
        try translatingFileErrors { () throws(FileError) in
            let file = try AtomicFile(target: path, isPrivate: isPrivate)
            try file.checkRoom(for: bytes.count)
            try bytes.span.bytes.withUnsafeBytes { bytes throws(FileError) in try file.write(bytes, at: 0) }
            try file.commit()
        }
    }
}
