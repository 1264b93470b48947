import JSON
import System

/// The table of contents of a safetensors file: a u64 length, that many bytes of JSON, then the tensors' bytes without gaps.
/// Format: https://github.com/huggingface/safetensors#format.
enum SafetensorsHeader {
    /// Longest JSON accepted, as in the format's own reader.
    static let byteLimit = 100_000_000
    /// Most dimensions of a tensor.
    static let dimensionLimit = 8

    /// Reads the table of `file`, which is weight file number `index`, and checks it whole: every tensor lies in the file, has the
    /// bytes that its shape and type ask for, overlaps no other and leaves no gap. Tensors come in the order of their bytes.
    static func tensors(of file: SourceFile, number index: Int) throws(FileProblem) -> [CheckpointTensor] {
        let header = try json(of: file)
        let data = header.end..<file.byteCount
        var tensors: [CheckpointTensor] = []
        tensors.reserveCapacity(header.members.count)
        for member in header.members where member.key != "__metadata__" {
            tensors.append(try tensor(member, data: data, file: file, number: index))
        }
        guard !tensors.isEmpty else {
            throw FileProblem(.content, path: file.path, problem: "holds no tensors", advice: FileProblem.downloadAgain)
        }
        tensors.sort { ($0.byteRange.lowerBound, $0.byteRange.upperBound) < ($1.byteRange.lowerBound, $1.byteRange.upperBound) }
        try checkCoverage(tensors, data: data, path: file.path)
        return tensors
    }

    /// The JSON object at the head of the file, and where it ends.
    private static func json(of file: SourceFile) throws(FileProblem) -> (members: [JSONObject.Member], end: Int) {
        func fail(_ problem: String, _ advice: String = FileProblem.downloadAgain) -> FileProblem {
            FileProblem(.content, path: file.path, problem: problem, advice: advice)
        }
        guard file.byteCount >= 8 else { throw fail("has \(file.byteCount) bytes, too few for a safetensors file") }
        let start = try file.bytes(0..<8)
        guard !LargeFilePointer.isStart(start) else { throw LargeFilePointer.error(path: file.path) }
        let length = start.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard length <= UInt64(byteLimit) else {
            throw fail("has a header of \(length) bytes, more than the \(byteLimit) that a safetensors file may have")
        }
        let end = 8 + Int(length)
        guard end <= file.byteCount else {
            throw fail("is cut: its header has \(length) bytes, the whole file only \(file.byteCount)")
        }
        let text = try file.bytes(8..<end)
        let value = try JSONValue(parsing: text, of: file.path, "has a header that is")
        guard let object = value.objectValue else { throw fail("has a header that is not a JSON object") }
        return (object.members, end)
    }

    /// One entry: `"name": {"dtype": "BF16", "shape": [2, 3], "data_offsets": [0, 12]}`.
    private static func tensor(
        _ member: JSONObject.Member, data: Range<Int>, file: SourceFile, number index: Int
    ) throws(FileProblem) -> CheckpointTensor {
        let name = member.key
        func fail(_ problem: String, _ advice: String = FileProblem.downloadAgain) -> FileProblem {
            FileProblem(.content, path: file.path, problem: "tensor \(printable(name)) \(problem)", advice: advice)
        }
        // Names are ASCII. Two others may be equal to Swift though their bytes differ.
        guard name.utf8.allSatisfy({ $0 < 0x80 }) else { throw fail("has a name that is not ASCII") }
        guard let typeName = member.value["dtype"]?.stringValue else { throw fail("has no dtype") }
        guard let type = ElementType(rawValue: typeName) else {
            throw fail(
                "is stored as \(printable(typeName)), which is not supported",
                "use a checkpoint in BF16, F16 or F32, as the published ones are")
        }
        guard let shape = member.value["shape"]?.arrayValue else { throw fail("has no shape") }
        guard shape.count <= dimensionLimit else { throw fail("has \(shape.count) dimensions, more than \(dimensionLimit)") }
        let dimensions = shape.compactMap { $0.intValue }.filter { $0 >= 0 }
        guard dimensions.count == shape.count else { throw fail("has a shape that is not all whole numbers from 0 on") }
        guard let count = product(dimensions), let bytes = product([count, type.bytes]) else {
            throw fail("has a shape too large to count, \(dimensions)")
        }
        guard let pair = member.value["data_offsets"]?.arrayValue, pair.count == 2, let begin = pair[0].intValue,
            let end = pair[1].intValue, begin >= 0, end >= begin
        else { throw fail("has data_offsets that are not two whole numbers, the first from 0 on and the second not below it") }
        guard end <= data.count else {
            throw fail(
                "ends at byte \(end) of the tensors, which have only \(data.count): the file is cut or its header is damaged")
        }
        guard end - begin == bytes else {
            throw fail("has \(end - begin) bytes, but its shape \(dimensions) in \(type.rawValue) asks for \(bytes)")
        }
        return CheckpointTensor(
            name: name, type: type, dimensions: dimensions, count: count, file: index,
            byteRange: data.lowerBound + begin..<data.lowerBound + end)
    }

    /// Tensors, in the order of their bytes, must fill the data from its first byte to its last.
    private static func checkCoverage(
        _ tensors: [CheckpointTensor], data: Range<Int>, path: String
    ) throws(FileProblem) {
        func fail(_ problem: String) -> FileProblem {
            FileProblem(.content, path: path, problem: problem, advice: FileProblem.downloadAgain)
        }
        var end = data.lowerBound
        var previous: CheckpointTensor?
        for tensor in tensors {
            let start = tensor.byteRange.lowerBound
            if start < end, let previous {
                throw fail("tensors \(printable(previous.name)) and \(printable(tensor.name)) overlap by \(end - start) bytes")
            }
            guard start == end else {
                throw fail("\(start - end) bytes before tensor \(printable(tensor.name)) belong to no tensor")
            }
            end = tensor.byteRange.upperBound
            previous = tensor
        }
        guard end == data.upperBound else { throw fail("\(data.upperBound - end) bytes after the last tensor belong to no tensor") }
    }

    /// Nil if the product of sizes from 0 on doesn't fit an `Int`.
    private static func product(_ sizes: [Int]) -> Int? {
        var product = 1
        for size in sizes {
            let (next, overflow) = product.multipliedReportingOverflow(by: size)
            if overflow { return nil }
            product = next
        }
        return product
    }
}
