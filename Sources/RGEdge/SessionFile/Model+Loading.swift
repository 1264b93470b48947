import Files
import Glibc
import Griffin
import ModelFile
import System

extension Model {
    /// Brings a session back from a file that ``Session/save(to:)`` wrote, exactly: the next logits are the same to the bit.
    ///
    /// Throws for a file that is missing, cut, damaged, of another version or of another model (``ModelError/Kind/mismatch``), and
    /// where there is no memory for the session or to unpack it.
    public func session(from path: String) throws(ModelError) -> sending Session {
        try session(from: modelErrors(RegularFile(path: path)))
    }

    /// The same for a file that is open.
    func session(from file: RegularFile) throws(ModelError) -> sending Session {
        let session = try makeSession()
        try read(file, into: session.memory)
        return session
    }

    /// Makes a session's memory what a file holds. If it throws, the memory is of no use before it is reset.
    func read(_ file: RegularFile, into memory: SessionMemory) throws(ModelError) {
        // The header decides whether there is anything more to read.
        let start = try modelErrors(file.bytes(0..<min(SessionHeader.byteCount, file.byteCount)))
        let header = try modelErrors(
            SessionHeader(parsing: start.span.bytes, fileBytes: file.byteCount, for: self, source: file.path))
        let count = file.byteCount - SessionHeader.byteCount
        guard let packed = SystemMemory.zeroed(UInt8.self, count: count) else {
            throw ModelError(.memory, "\(file.path): no memory to unpack a session of \(count) bytes; close other programs")
        }
        defer { free(packed) }
        let content = UnsafeMutableRawBufferPointer(start: packed, count: count)
        try modelErrors(file.read(at: SessionHeader.byteCount, into: content))
        memory.reset()
        try modelErrors(memory.restore(header, from: content.bytes, source: file.path))
    }

    /// Brings a session back from the bytes of a session file, as ``session(from:)`` does.
    public func session(deserializing bytes: RawSpan) throws(ModelError) -> sending Session {
        let source = "the saved session"
        let header = try modelErrors(SessionHeader(parsing: bytes, fileBytes: bytes.byteCount, for: self, source: source))
        let content = bytes.extracting(droppingFirst: SessionHeader.byteCount)
        let session = try makeSession()
        try modelErrors(session.memory.restore(header, from: content, source: source))
        return session
    }
}

extension Model {
    /// The tokens that a saved session of this model has consumed, if its file has them all. Reads nothing else of it, and so can't
    /// tell whether they are damaged.
    func tokens(ofSession file: RegularFile) -> [UInt32]? {
        let limit = SessionHeader.byteCount + MemoryLayout<UInt32>.size * (1 + RecentTokens.limit)
        guard let start = try? file.bytes(0..<min(limit, file.byteCount)),
            let header = try? SessionHeader(parsing: start.span.bytes, fileBytes: file.byteCount, for: self, source: file.path),
            header.position <= RecentTokens.limit
        else { return nil }
        return start.withUnsafeBytes { bytes in
            var reader = SegmentReader(UnsafeRawBufferPointer(rebasing: bytes[SessionHeader.byteCount...]), source: file.path)
            return try? reader.readTokens(Int(header.position))
        }
    }
}

extension SessionMemory {
    /// Becomes what a session file holds, which comes from `source`. Throws for contents that are damaged or break a rule, and is
    /// then of no use.
    fileprivate func restore(_ header: SessionHeader, from content: RawSpan, source: String) throws(FileProblem) {
        guard Checksum.of(content) == header.contentChecksum else { throw .damaged(source, "is damaged") }
        try content.withUnsafeBytes { bytes throws(FileProblem) in
            try restore(header, from: SegmentReader(bytes, source: source))
        }
    }

    private func restore(_ header: SessionHeader, from reader: SegmentReader) throws(FileProblem) {
        var reader = reader
        let source = reader.source
        let tokens = try reader.readTokens(SessionShape.tokenCount(at: header.position))
        if let token = tokens.first(where: { $0 >= header.shape.vocabularySize }) {
            throw .invalid(source, "has token \(token), outside the vocabulary of \(header.shape.vocabularySize)")
        }
        resume(
            recent: tokens, areAll: header.position <= tokens.count, tokenHash: header.tokenHash, isTurnOpen: header.isTurnOpen)
        resume(answer: header.answer)
        state.restore(position: header.position)
        for part in state.parts(withExponents: header.hasExponents) {
            try reader.read(into: part.bytes)
            try check(part, of: source)
        }
        if header.position > 0 {
            try reader.read(into: UnsafeMutableRawBufferPointer(logits))
            guard FiniteNumbers.areFinite(floats: UnsafeRawBufferPointer(logits)) else { throw .notFinite(source, "logits") }
        }
        guard reader.isAtEnd else { throw .invalid(source, "has something after its last segment") }
    }
}

/// Throws if a part has numbers that are not finite, or exponents that f32 doesn't have.
private func check(_ part: State.Part, of source: String) throws(FileProblem) {
    let bytes = UnsafeRawBufferPointer(part.bytes)
    switch part.element {
    case .f32: guard FiniteNumbers.areFinite(floats: bytes) else { throw .notFinite(source, part.name) }
    case .f16: guard FiniteNumbers.areFinite(halves: bytes) else { throw .notFinite(source, part.name) }
    case nil:
        guard bytes.allSatisfy({ Int8(bitPattern: $0) >= -126 }) else { throw .invalid(source, "has \(part.name) below -126") }
    }
}

extension SegmentReader {
    /// Reads the part that holds the tokens.
    fileprivate mutating func readTokens(_ count: Int) throws(FileProblem) -> [UInt32] {
        var tokens = [UInt32](repeating: 0, count: count)
        var span = tokens.mutableSpan
        try span.withUnsafeMutableBytes { bytes throws(FileProblem) in try read(into: bytes) }
        return tokens.map(UInt32.init(littleEndian:))
    }
}
