@testable import Checkpoint

extension FuzzTarget {
    /// A safetensors file: header, sizes and places.
    static let safetensors = FuzzTarget(name: "safetensors", largestInput: 1 << 14) {
        [SafetensorsInput.header, SafetensorsInput.header2].map { SafetensorsInput(header: $0.text, dataBytes: $0.dataBytes).bytes }
            + [SafetensorsInput(file: SafetensorsInput(header: SafetensorsInput.header.text, dataBytes: 20).file).bytes]
    } run: { bytes in
        let path = SafetensorsInput(bytes).write(to: "weights.safetensors")
        guard let file = try? SafetensorsFile(path: path, ifMissing: "") else { return false }
        var end = 0
        for tensor in file.tensors {
            promise(tensor.byteRange.lowerBound >= end, "tensors come in the order of their bytes")
            end = tensor.byteRange.upperBound
            if tensor.type == .f32 { _ = try? file.floats(of: tensor, 0..<tensor.count) }
        }
        return true
    }
}

/// An input that stands for a safetensors file: the length of the header is put right, and there are as many bytes of numbers as
/// the input says, so that mutations of the header are read.
struct SafetensorsInput {
    private static let isWhole: UInt8 = 1

    /// The file, except for zeros at its end.
    let file: [UInt8]
    private let headerEnd: Int
    private let dataBytes: Int
    private let options: UInt8

    /// An input that is the file itself.
    init(file: [UInt8]) {
        self.file = file
        headerEnd = file.count
        dataBytes = 0
        options = Self.isWhole
    }

    /// A header, and numbers which are `data` repeated.
    init(header: [UInt8], dataBytes: Int, data: ArraySlice<UInt8> = []) {
        var file = [UInt8](repeating: 0, count: 8)
        file.put(UInt64(header.count), at: 0)
        headerEnd = file.count + header.count
        self.file = file + header + data.repeated(to: data.isEmpty ? 0 : dataBytes)
        self.dataBytes = dataBytes
        options = 0
    }

    /// One byte of options, three with the number of bytes of numbers, the header, then these numbers, repeated.
    init(_ bytes: [UInt8]) {
        guard bytes.count > 4, bytes[0] & Self.isWhole == 0 else {
            self.init(file: Array(bytes.dropFirst()))
            return
        }
        let dataBytes = Int(bytes[1]) | Int(bytes[2]) << 8 | Int(bytes[3] & 0x07) << 16
        let parts = Sections.split(bytes[4...], 2)
        self.init(header: Array(parts[0]), dataBytes: dataBytes, data: parts[1])
    }

    /// The input's own bytes, without the numbers.
    var bytes: [UInt8] {
        if options & Self.isWhole != 0 { return [options] + file }
        let size = (0..<3).map { UInt8(truncatingIfNeeded: dataBytes >> (8 * $0)) }
        return [options] + size + file.dropFirst(8)
    }

    /// Writes the file and returns its path.
    func write(to name: String) -> String {
        ScratchFolder.write(file, to: name, byteCount: max(file.count, headerEnd + dataBytes))
    }

    static let header = (
        text: Array(
            """
            {"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]},\
            "b":{"dtype":"BF16","shape":[2],"data_offsets":[16,20]}}
            """.utf8), dataBytes: 20
    )
    static let header2 = (
        text: Array(
            """
            {"scalar":{"dtype":"F16","shape":[],"data_offsets":[0,2]},"empty":{"dtype":"F32","shape":[3,0,5],"data_offsets":[2,2]},\
            "\\u0061":{"dtype":"F32","shape":[1,1,1,1,1,1,1,1],"data_offsets":[2,6]}}   
            """.utf8), dataBytes: 6
    )
}
