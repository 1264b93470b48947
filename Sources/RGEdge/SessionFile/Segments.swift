import CLZ4
import Files
import System

/// Writes parts of a session as segments, packed where that makes them smaller (`formats/rgs.md`, "Parts").
struct SegmentWriter {
    private let buffer: UnsafeMutableRawBufferPointer
    /// Bytes written.
    private(set) var count = 0

    /// A writer to `buffer`, which has room for every part and 4 bytes per segment.
    init(_ buffer: UnsafeMutableRawBufferPointer) { self.buffer = buffer }

    mutating func append(_ part: UnsafeRawBufferPointer) {
        for start in stride(from: 0, to: part.count, by: SessionShape.segmentBytes) {
            append(segment: UnsafeRawBufferPointer(rebasing: part[start..<min(start + SessionShape.segmentBytes, part.count)]))
        }
    }

    private mutating func append(segment: UnsafeRawBufferPointer) {
        let prefix = MemoryLayout<UInt32>.size
        let room = UnsafeMutableRawBufferPointer(rebasing: buffer[(count + prefix)..<(count + prefix + segment.count)])
        // With room for one byte less than the segment has, LZ4 returns 0 if the result doesn't fit.
        var stored = Int(
            LZ4_compress_default(
                segment.baseAddress, room.baseAddress, Int32(truncatingIfNeeded: segment.count),
                Int32(truncatingIfNeeded: segment.count - 1)))
        if stored <= 0 {
            room.copyMemory(from: segment)
            stored = segment.count
        }
        buffer.storeBytes(of: UInt32(truncatingIfNeeded: stored).littleEndian, toByteOffset: count, as: UInt32.self)
        count += prefix + stored
    }
}

/// Reads parts of a session from segments whose checksum was right but whose contents may be anything.
struct SegmentReader {
    /// Where the segments come from, for messages.
    let source: String
    private let content: UnsafeRawBufferPointer
    private var offset = 0

    init(_ content: UnsafeRawBufferPointer, source: String) {
        self.content = content
        self.source = source
    }

    /// True when all has been read.
    var isAtEnd: Bool { offset == content.count }

    /// Fills a part.
    mutating func read(into part: UnsafeMutableRawBufferPointer) throws(FileProblem) {
        for start in stride(from: 0, to: part.count, by: SessionShape.segmentBytes) {
            try read(
                segment: UnsafeMutableRawBufferPointer(rebasing: part[start..<min(start + SessionShape.segmentBytes, part.count)]))
        }
    }

    private mutating func read(segment: UnsafeMutableRawBufferPointer) throws(FileProblem) {
        let prefix = MemoryLayout<UInt32>.size
        guard content.count - offset >= prefix else { throw .invalid(source, "ends before its last segment") }
        let stored = Int(UInt32(littleEndian: content.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
        offset += prefix
        guard stored <= segment.count, stored <= content.count - offset else {
            throw .invalid(source, "has a segment that is too long")
        }
        let bytes = UnsafeRawBufferPointer(rebasing: content[offset..<offset + stored])
        offset += stored
        if stored == segment.count {
            segment.copyMemory(from: bytes)
        } else {
            let count = LZ4_decompress_safe(
                bytes.baseAddress, segment.baseAddress, Int32(truncatingIfNeeded: stored), Int32(truncatingIfNeeded: segment.count))
            guard Int(count) == segment.count else { throw .invalid(source, "has a segment that doesn't unpack to its size") }
        }
    }
}
