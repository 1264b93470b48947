import Files
import Tiles

/// A tensor as it lies in a model file.
public struct TensorEntry: Equatable, Sendable {
    private let tensor: TensorDescription
    /// Its first byte in the file; a multiple of 4096.
    public let offset: Int
    /// Its bytes, without the padding after it.
    public let byteCount: Int
    /// XXH3 of its bytes.
    public internal(set) var checksum: UInt64

    /// The name in the checkpoint.
    public var name: String { tensor.name }
    /// What its weights are stored as.
    public var type: WeightType { tensor.type }
    /// True for matrices in tiles, false for row-major f32.
    public var isTiled: Bool { tensor.isTiled }
    /// Outermost dimension first: 1 to 3 for a plain tensor; [outputs, inputs] or [count, outputs, inputs] for a tiled one.
    public var dimensions: [Int] { tensor.dimensions }
    /// The tensor as a stack of matrices; nil for a plain one.
    public var matrixShape: MatrixShape? { tensor.matrixShape }
    /// Weights in the tensor, padding not counted.
    public var weightCount: Int { tensor.weightCount ?? 0 }
    /// Its bytes in the file.
    var range: Range<Int> { offset..<offset + byteCount }

    init(_ tensor: TensorDescription, offset: Int, byteCount: Int, checksum: UInt64) {
        self.tensor = tensor
        self.offset = offset
        self.byteCount = byteCount
        self.checksum = checksum
    }
}

// MARK: - In the file

extension TensorEntry {
    /// Appends the 128 bytes of the entry.
    func append(to table: inout [UInt8]) {
        let start = table.count
        table.append(contentsOf: name.utf8)
        table.padWithZeros(to: start + 72)
        table.appendLittleEndian(type.rawValue)
        table.appendLittleEndian(UInt32(isTiled ? 1 : 0))
        table.appendLittleEndian(UInt32(dimensions.count))
        for dimension in dimensions { table.appendLittleEndian(UInt32(dimension)) }
        table.padWithZeros(to: start + 96)
        table.appendLittleEndian(UInt64(offset))
        table.appendLittleEndian(UInt64(byteCount))
        table.appendLittleEndian(checksum)
        table.appendLittleEndian(UInt64(0))
    }

    /// Reads an entry from its 128 bytes. `start` is where the tensor must lie, and `end` where the file ends.
    /// Throws a clause with what is wrong.
    init(parsing entry: ArraySlice<UInt8>, start: Int, end: Int) throws(EntryProblem) {
        let bytes = entry.span.bytes
        let field = entry.prefix(72)
        let name = field.prefix { $0 != 0 }
        guard name.count < field.count, FileLayout.isName(name), field.dropFirst(name.count).allSatisfy({ $0 == 0 }) else {
            throw EntryProblem(name: nil, "has a name that is not printable ASCII with zeros after it")
        }
        let nameText = String(decoding: name, as: UTF8.self)
        func fail(_ problem: String) -> EntryProblem { EntryProblem(name: nameText, problem) }

        let typeNumber = bytes.littleEndian(at: 72, as: UInt32.self)
        guard let type = WeightType(rawValue: typeNumber) else { throw fail("has an unknown weight type, \(typeNumber)") }
        let layout = bytes.littleEndian(at: 76, as: UInt32.self)
        guard layout <= 1 else { throw fail("has an unknown layout, \(layout)") }
        let dimensionCount = bytes.littleEndian(at: 80, as: UInt32.self)
        guard (1...3).contains(dimensionCount) else { throw fail("has \(dimensionCount) dimensions, not 1 to 3") }
        let fields = (0..<3).map { Int(bytes.littleEndian(at: 84 + 4 * $0, as: UInt32.self)) }
        guard fields.dropFirst(Int(dimensionCount)).allSatisfy({ $0 == 0 }) else {
            throw fail("has more dimensions than it counts")
        }
        let tensor = TensorDescription(
            name: nameText, type: type, dimensions: Array(fields.prefix(Int(dimensionCount))), isTiled: layout == 1)
        if let problem = tensor.problem { throw fail(problem) }

        let offset = bytes.littleEndian(at: 96, as: UInt64.self)
        guard offset == UInt64(start) else { throw fail("starts at byte \(offset), but its place is \(start)") }
        let stated = bytes.littleEndian(at: 104, as: UInt64.self)
        guard let byteCount = tensor.byteCount, stated == UInt64(byteCount) else {
            throw fail("has \(stated) bytes, but its shape asks for \(tensor.byteCount ?? 0)")
        }
        guard start <= end, byteCount <= end - start else { throw fail("ends after the file") }
        guard bytes.littleEndian(at: 120, as: UInt64.self) == 0 else { throw fail("has something in its reserved bytes") }
        self.init(tensor, offset: start, byteCount: byteCount, checksum: bytes.littleEndian(at: 112, as: UInt64.self))
    }
}

/// What is wrong with a table entry.
struct EntryProblem: Error {
    /// The tensor's name, if it can be read.
    let name: String?
    let clause: String

    init(name: String?, _ clause: String) {
        self.name = name
        self.clause = clause
    }
}
