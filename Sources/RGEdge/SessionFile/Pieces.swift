import CLZ4
import Files

/// Writes parts of a session as pieces, packed where that makes them smaller (`formats/rgs.md`, "Parts").
struct PieceWriter {
    private let buffer: UnsafeMutableRawBufferPointer
    /// Bytes written.
    private(set) var count = 0

    /// A writer to `buffer`, which has room for every part and 4 bytes a piece.
    init(_ buffer: UnsafeMutableRawBufferPointer) { self.buffer = buffer }

    mutating func append(_ part: UnsafeRawBufferPointer) {
        for start in stride(from: 0, to: part.count, by: SessionShape.pieceBytes) {
            append(piece: UnsafeRawBufferPointer(rebasing: part[start..<min(start + SessionShape.pieceBytes, part.count)]))
        }
    }

    private mutating func append(piece: UnsafeRawBufferPointer) {
        let prefix = MemoryLayout<UInt32>.size
        let room = UnsafeMutableRawBufferPointer(rebasing: buffer[(count + prefix)..<(count + prefix + piece.count)])
        // Given a byte less than the piece has, LZ4 returns 0 where that is not enough.
        var stored = Int(
            LZ4_compress_default(
                piece.baseAddress, room.baseAddress, Int32(truncatingIfNeeded: piece.count),
                Int32(truncatingIfNeeded: piece.count - 1)))
        if stored <= 0 {
            room.copyMemory(from: piece)
            stored = piece.count
        }
        buffer.storeBytes(of: UInt32(truncatingIfNeeded: stored).littleEndian, toByteOffset: count, as: UInt32.self)
        count += prefix + stored
    }
}

/// Reads parts of a session from pieces whose checksum was right but whose contents may be anything.
struct PieceReader {
    private let content: UnsafeRawBufferPointer
    private var offset = 0

    init(_ content: UnsafeRawBufferPointer) { self.content = content }

    /// True when all has been read.
    var isAtEnd: Bool { offset == content.count }

    /// Fills a part.
    mutating func read(into part: UnsafeMutableRawBufferPointer) throws(SessionFileProblem) {
        for start in stride(from: 0, to: part.count, by: SessionShape.pieceBytes) {
            try read(piece: UnsafeMutableRawBufferPointer(rebasing: part[start..<min(start + SessionShape.pieceBytes, part.count)]))
        }
    }

    private mutating func read(piece: UnsafeMutableRawBufferPointer) throws(SessionFileProblem) {
        let prefix = MemoryLayout<UInt32>.size
        guard content.count - offset >= prefix else { throw .invalid("ends before its last piece") }
        let stored = Int(UInt32(littleEndian: content.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
        offset += prefix
        guard stored <= piece.count, stored <= content.count - offset else { throw .invalid("has a piece that is too long") }
        let bytes = UnsafeRawBufferPointer(rebasing: content[offset..<offset + stored])
        offset += stored
        if stored == piece.count {
            piece.copyMemory(from: bytes)
        } else {
            let count = LZ4_decompress_safe(
                bytes.baseAddress, piece.baseAddress, Int32(truncatingIfNeeded: stored), Int32(truncatingIfNeeded: piece.count))
            guard Int(count) == piece.count else { throw .invalid("has a piece that doesn't unpack to its size") }
        }
    }
}
