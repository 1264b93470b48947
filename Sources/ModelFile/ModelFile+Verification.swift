import Files
import Glibc
import System
import Tiles

extension ModelFile {
    /// Bytes, at most, that are read and hashed together, so that they are still in the processor's cache when they are hashed.
    static let verifyingBytes = 256 * 1024

    /// Throws unless the bytes of one of this file's tensors are those that were written, and the padding before them is zero: an
    /// error of kind `checksum`; and unless its scales, or its weights if they are floats, are finite: one of kind `content`, which
    /// says where the first is that isn't finite.
    ///
    /// The tensor is read from the disk or the file cache, not through the mapping: so a failing disk is an error and not a SIGBUS.
    public func verify(_ tensor: TensorEntry) throws(FileProblem) {
        guard var checksum = Checksum() else { throw FileProblem.system(path, while: "verifying", ENOMEM) }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.verifyingBytes, alignment: 64)
        defer { buffer.deallocate() }

        let padding = try endOfBytes(before: tensor)..<tensor.offset
        try read(padding, by: 1, through: buffer) { bytes throws(FileProblem) in
            guard bytes.allSatisfy({ $0 == 0 }) else {
                throw FileProblem.damaged(path, .checksum, "is damaged before tensor \(tensor.name): its padding is not zero")
            }
        }
        let floats = StoredFloats(tensor)
        var unit = 0
        var fault: [Int]?
        try read(tensor.range, by: floats.unitBytes, through: buffer) { bytes in
            checksum.update(bytes)
            if fault == nil, let found = floats.firstNotFinite(in: bytes) {
                fault = floats.place(unit: unit + found, UnsafeRawBufferPointer(rebasing: bytes[(found * floats.unitBytes)...]))
            }
            unit += bytes.count / floats.unitBytes
        }
        guard checksum.value == tensor.checksum else {
            throw .damaged(path, .checksum, "is damaged in tensor \(tensor.name)")
        }
        if let fault {
            let first = "the first at \(fault)"
            throw .invalid(path, "has \(floats.what) that are not finite in tensor \(tensor.name), \(first)")
        }
    }

    /// Verifies every tensor, in file order: together with what opening checks, this covers every byte of the file.
    public func verifyAll() throws(FileProblem) {
        for tensor in tensors { try verify(tensor) }
    }

    /// Where what lies before a tensor ends.
    private func endOfBytes(before tensor: TensorEntry) throws(FileProblem) -> Int {
        guard let number = number(of: tensor) else {
            throw FileProblem(
                .content, path: path, problem: "has no such tensor \(tensor.name)", advice: "verify it in its own file")
        }
        return number == 0 ? metadataEnd : tensors[number - 1].range.upperBound
    }

    /// Hands the bytes of `range`, a whole number of units, to `body` in order, in parts of whole units, by way of the buffer
    /// `buffer`.
    private func read(
        _ range: Range<Int>, by unitBytes: Int, through buffer: UnsafeMutableRawBufferPointer,
        body: (UnsafeRawBufferPointer) throws(FileProblem) -> Void
    ) throws(FileProblem) {
        var start = range.lowerBound
        while start < range.upperBound {
            let count = min(buffer.count / unitBytes * unitBytes, range.upperBound - start)
            let part = UnsafeMutableRawBufferPointer(rebasing: buffer[..<count])
            try file.read(at: start, into: part)
            try body(UnsafeRawBufferPointer(part))
            start += count
        }
    }
}
