import CLZ4
import ModelFile
import RGEdge

extension FuzzTarget {
    /// A session file (`formats/rgs.md`) of the small model. Checksums and sizes are put right and contents are packed, so that
    /// mutations get behind them: one byte of options, the position (u64), the hash of the tokens (u64), the flags (u32), then the
    /// parts, unpacked and repeated.
    static let session = FuzzTarget(name: "rgs", largestInput: 1 << 13) {
        [seed(tokens: 3), seed(tokens: 9), seed(tokens: 0)]
    } run: { bytes in
        guard let file = SessionInput(bytes)?.file else { return false }
        guard let session = try? SmallModel.model.session(deserializing: file.span.bytes) else { return false }
        let canonical = session.serialized()
        let again = try? SmallModel.model.session(deserializing: canonical.span.bytes)
        promise(again?.serialized() == canonical, "a session that was brought back is the same")
        exercise(session)
        return true
    }

    private static func seed(tokens: Int) -> [UInt8] {
        guard let session = try? SmallModel.model.makeSession() else { fatalError("no session of the small model") }
        try? session.feed((0..<tokens).map { [2, 5, 9, 77, 100][$0 % 5] })
        return SessionInput.input(of: session.serialized())
    }
}

/// A session file that an input stands for.
struct SessionInput {
    private static let prefix = 21
    /// Bits of the first byte: the contents are segments as they stand; the header is the input's, except for its checksums.
    private static let hasSegments: UInt8 = 1, hasHeader: UInt8 = 2
    /// The header of a session of the small model.
    private static let header: [UInt8] = {
        guard let session = try? SmallModel.model.makeSession() else { fatalError("no session of the small model") }
        return Array(session.serialized().prefix(128))
    }()

    let file: [UInt8]

    init?(_ bytes: [UInt8]) {
        guard bytes.count >= Self.prefix else { return nil }
        let options = bytes[0]
        var header = Self.header, rest = bytes[Self.prefix...]
        if options & Self.hasHeader != 0 {
            guard rest.count >= 72 else { return nil }
            header.replaceSubrange(48..<120, with: rest.prefix(72))
            rest = rest.dropFirst(72)
        }
        header.replaceSubrange(32..<52, with: bytes[1..<Self.prefix])
        let position = bytes[1..<9].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        let content = options & Self.hasSegments != 0 ? Array(rest) : Self.segments(of: rest, position: position)
        header.put(UInt64(128 + content.count), at: 8)
        header.put(Checksum.of(content.span.bytes), at: 16)
        header.put(Checksum.of(header.span.bytes.extracting(..<120)), at: 120)
        file = header + content
    }

    /// An input that stands for a session file, its header except for position, hash and flags.
    static func input(of file: [UInt8]) -> [UInt8] { [Self.hasSegments] + file[32..<52] + file[128...] }

    /// Bytes of each part at a position.
    private static func parts(position: UInt64) -> [Int] {
        let shape = SmallModel.configuration
        let ring = 2 * shape.headDimension * Int(min(position, UInt64(shape.window)))
        return [4 * Int(min(position, 4096)), 16 * shape.recurrentWidth] + [ring, ring]
            + (position > 0 ? [4 * shape.vocabularySize] : [])
    }

    /// The parts as segments. All are shorter than a segment may be.
    private static func segments(of content: ArraySlice<UInt8>, position: UInt64) -> [UInt8] {
        let sizes = parts(position: position)
        var rest = content.repeated(to: sizes.reduce(0, +))[...]
        var segments: [UInt8] = []
        for size in sizes where size > 0 {
            let part = Array(rest.prefix(size))
            rest = rest.dropFirst(size)
            let packed = pack(part)
            let stored = packed.count < part.count ? packed : part
            withUnsafeBytes(of: UInt32(stored.count).littleEndian) { segments += $0 }
            segments += stored
        }
        return segments
    }
}

/// Bytes as an LZ4 block.
func pack(_ bytes: [UInt8]) -> [UInt8] {
    let bound = Int(LZ4_compressBound(Int32(bytes.count)))
    return [UInt8](unsafeUninitializedCapacity: bound) { room, count in
        count = bytes.withUnsafeBytes {
            Int(LZ4_compress_default($0.baseAddress, room.baseAddress, Int32($0.count), Int32(bound)))
        }
    }
}
