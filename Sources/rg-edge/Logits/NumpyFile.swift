import Files
import System

/// Writes a matrix of f32 as NumPy's `.npy`, version 1.0 (numpy.lib.format), row by row. The file appears under its name when it is
/// complete.
struct NumpyFile {
    /// How all versions begin.
    fileprivate static let magic = [0x93] + Array("NUMPY".utf8)

    private let file: AtomicFile
    private let columns: Int
    private var offset: Int

    /// Begins a file of `rows` × `columns` numbers. Throws if it can't be made, would replace something else, or its disk has no
    /// room for it.
    init(target: String, rows: Int, columns: Int) throws(FileProblem) {
        file = try AtomicFile(target: target, replacing: .array)
        self.columns = columns
        let header = Self.header(rows: rows, columns: columns)
        offset = 0
        try file.checkRoom(for: header.count + rows * columns * MemoryLayout<Float>.size)
        try write(header)
    }

    /// Appends one row.
    mutating func append(_ row: UnsafeBufferPointer<Float>) throws(FileProblem) {
        precondition(row.count == columns, "a row as wide as the matrix")
        try write(UnsafeRawBufferPointer(row))
    }

    /// Makes the file appear. All rows must have been appended.
    func finish() throws(FileProblem) { try file.commit() }

    private mutating func write(_ bytes: UnsafeRawBufferPointer) throws(FileProblem) {
        try file.write(bytes, at: offset)
        offset += bytes.count
    }

    private mutating func write(_ bytes: [UInt8]) throws(FileProblem) {
        let file = file
        let offset = offset
        try bytes.withUnsafeBytes { buffer in
            Result { () throws(FileProblem) in try file.write(buffer, at: offset) }
        }.get()
        self.offset += bytes.count
    }

    /// Magic, version 1.0, the length of what follows, and a Python dictionary, padded so that the numbers start at a multiple
    /// of 64.
    private static func header(rows: Int, columns: Int) -> [UInt8] {
        let preamble = 10
        let dictionary = "{'descr': '<f4', 'fortran_order': False, 'shape': (\(rows), \(columns)), }"
        let padding = 63 - (preamble + dictionary.utf8.count) % 64
        let text = dictionary + String(repeating: " ", count: padding) + "\n"
        let length = text.utf8.count
        return magic + [1, 0, UInt8(length & 0xFF), UInt8(length >> 8)] + Array(text.utf8)
    }
}

extension FileKind {
    /// NumPy's files of one array.
    fileprivate static let array = FileKind("a NumPy array", startingWith: NumpyFile.magic)
}
