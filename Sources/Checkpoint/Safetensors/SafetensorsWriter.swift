import Files
import JSON
import System

/// Writes a safetensors file, tensor by tensor: nothing is under the target's name until ``finish()`` has succeeded.
/// Format: https://github.com/huggingface/safetensors#format.
public final class SafetensorsWriter {
    /// What to write.
    public struct Tensor: Sendable {
        /// The key of its entry in the header.
        public let name: String
        /// What its numbers are written as.
        public let type: ElementType
        /// Outermost dimension first.
        public let dimensions: [Int]

        /// A tensor of a name that no other has.
        public init(name: String, type: ElementType, dimensions: [Int]) {
            self.name = name
            self.type = type
            self.dimensions = dimensions
        }

        /// Bytes of its numbers.
        public var byteCount: Int { dimensions.reduce(type.bytes, *) }
    }

    /// Where the file will appear.
    public let target: String
    /// Bytes that the finished file will have.
    public let byteCount: Int
    /// True once the file has its name; also if ``finish()`` has thrown after that.
    public var isCommitted: Bool { file.isCommitted }
    private let file: AtomicFile
    private var end: Int

    /// Makes the file's temporary, checks that the disk has room for it all, and writes the table of contents. All names must
    /// differ; `metadata` has a text per key. Throws if what stands at the target is not of the `kind` that is written.
    public init(
        target: String, replacing kind: FileKind, tensors: [Tensor], metadata: [(key: String, value: String)]
    ) throws(FileProblem) {
        var members = [
            JSONObject.Member(
                key: "__metadata__",
                value: .object(JSONObject(metadata.map { JSONObject.Member(key: $0.key, value: .string($0.value)) })))
        ]
        var offset = 0
        for tensor in tensors {
            members.append(
                JSONObject.Member(
                    key: tensor.name,
                    value: [
                        "dtype": .string(tensor.type.rawValue),
                        "shape": .array(tensor.dimensions.map { .integer(Int64($0)) }),
                        "data_offsets": [.integer(Int64(offset)), .integer(Int64(offset + tensor.byteCount))],
                    ]))
            offset += tensor.byteCount
        }
        var table = JSONValue.object(JSONObject(members)).serialized()
        // Numbers start at a multiple of 8; spaces are the format's padding.
        table += [UInt8](repeating: UInt8(ascii: " "), count: (8 - table.count % 8) % 8)
        let length = (0..<8).map { UInt8(truncatingIfNeeded: table.count >> (8 * $0)) }

        self.target = target
        end = 8 + table.count
        byteCount = end + offset
        file = try AtomicFile(target: target, replacing: kind)
        try file.checkRoom(for: byteCount)
        try (length + table).span.bytes.withUnsafeBytes { bytes throws(FileProblem) in try file.write(bytes, at: 0) }
    }

    /// Writes the next bytes of the tensors, in the order in which they were given.
    public func append(_ bytes: UnsafeRawBufferPointer) throws(FileProblem) {
        precondition(end + bytes.count <= byteCount, "more bytes than the tensors have")
        try file.write(bytes, at: end)
        end += bytes.count
    }

    /// Makes everything durable and gives the file its name. The last call, when all tensors are full.
    public func finish() throws(FileProblem) {
        precondition(end == byteCount, "fewer bytes than the tensors have")
        try file.commit()
    }
}
