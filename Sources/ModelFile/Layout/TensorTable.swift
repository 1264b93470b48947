import System

/// The tensors of a file in order, and where each lies.
enum TensorTable {
    /// Places tensors one after the other from `firstOffset` on. Checksums are still 0. Throws if the format can't hold them.
    static func placing(
        _ tensors: [TensorDescription], from firstOffset: Int, path: String
    ) throws(FileProblem) -> [TensorEntry] {
        guard FileLayout.tensorCounts.contains(tensors.count) else {
            throw .unwritable(path, "a model file has 1 to \(FileLayout.tensorCounts.upperBound) tensors, not \(tensors.count)")
        }
        var names: Set<String> = []
        var entries: [TensorEntry] = []
        entries.reserveCapacity(tensors.count)
        var end = firstOffset
        for tensor in tensors {
            if let problem = tensor.problem { throw .unwritable(path, "tensor \"\(tensor.name)\" \(problem)") }
            guard names.insert(tensor.name).inserted else { throw .unwritable(path, "two tensors have the name \(tensor.name)") }
            guard let byteCount = tensor.byteCount, let start = FileLayout.pageStart(atOrAfter: end),
                byteCount <= Int.max - start
            else { throw .unwritable(path, "tensor \(tensor.name) ends beyond the largest file") }
            entries.append(TensorEntry(tensor, offset: start, byteCount: byteCount, checksum: 0))
            end = start + byteCount
        }
        return entries
    }

    /// The table's bytes.
    static func bytes(_ entries: [TensorEntry]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(entries.count * FileLayout.entryBytes)
        for entry in entries { entry.append(to: &bytes) }
        return bytes
    }

    /// Reads the table of a file of `fileSize` bytes, whose first tensor starts at `firstOffset`, and checks that the tensors fill
    /// the file to its end.
    static func parse(
        _ bytes: [UInt8], firstOffset: Int, fileSize: Int, path: String
    ) throws(FileProblem) -> [TensorEntry] {
        var names: Set<String> = []
        var entries: [TensorEntry] = []
        entries.reserveCapacity(bytes.count / FileLayout.entryBytes)
        var end = firstOffset
        for index in 0..<bytes.count / FileLayout.entryBytes {
            let start = FileLayout.pageStart(atOrAfter: end) ?? Int.max
            let entry: TensorEntry
            do throws(EntryProblem) {
                let place = index * FileLayout.entryBytes
                entry = try TensorEntry(parsing: bytes[place..<place + FileLayout.entryBytes], start: start, end: fileSize)
            } catch {
                throw .invalid(path, "tensor \(error.name ?? "number \(index + 1) of the table") \(error.clause)")
            }
            guard names.insert(entry.name).inserted else { throw .invalid(path, "two tensors have the name \(entry.name)") }
            entries.append(entry)
            end = entry.range.upperBound
        }
        guard end == fileSize else { throw .invalid(path, "\(fileSize - end) bytes after the last tensor belong to nothing") }
        return entries
    }
}
