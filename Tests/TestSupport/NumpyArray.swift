import Foundation

/// An array in NumPy's `.npy` format, version 1 (numpy/lib/format.py): little-endian f4, f8, i4, i8 or u4, row-major.
public struct NumpyArray: Sendable {
    /// What is wrong with a file, in a sentence.
    public struct Failure: Error, CustomStringConvertible {
        public let description: String
    }

    /// Sizes, outermost dimension first.
    public let shape: [Int]
    /// The elements of an array of reals; empty for one of integers.
    public let floats: [Float]
    /// The elements of an array of integers; empty for one of reals.
    public let integers: [Int]

    /// Reads a file.
    public init(path: String) throws {
        let data = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        func fail(_ what: String) -> Failure { Failure(description: "\(path): \(what)") }
        guard data.count >= 10, data[0..<6].elementsEqual([0x93] + Array("NUMPY".utf8)), data[6] == 1 else {
            throw fail("not an .npy file of version 1")
        }
        let start = 10 + Int(data[8]) + Int(data[9]) << 8
        guard start <= data.count else { throw fail("cut in its header") }
        let header = String(decoding: data[10..<start], as: UTF8.self)
        guard let type = Self.quoted(after: "'descr':", in: header), header.contains("'fortran_order': False"),
            let shape = Self.sizes(in: header)
        else { throw fail("header not understood: \(header)") }
        let count = shape.reduce(1, *)
        let width = type.last?.wholeNumberValue ?? 0
        guard data.count - start == count * width else {
            throw fail("\(data.count - start) bytes for \(count) elements of \(type)")
        }

        func elements<Element, Value>(_ convert: (Element) -> Value) -> [Value] {
            data.withUnsafeBytes { bytes in
                (0..<count).map { convert(bytes.loadUnaligned(fromByteOffset: start + $0 * width, as: Element.self)) }
            }
        }
        self.shape = shape
        switch type {
        case "<f4": (floats, integers) = (elements { (value: Float) in value }, [])
        case "<f8": (floats, integers) = (elements { (value: Double) in Float(value) }, [])
        case "<i4": (floats, integers) = ([], elements { (value: Int32) in Int(value) })
        case "<u4": (floats, integers) = ([], elements { (value: UInt32) in Int(value) })
        case "<i8": (floats, integers) = ([], elements { (value: Int64) in Int(value) })
        default: throw fail("elements of type \(type)")
        }
    }

    /// Writes reals as `<f4`.
    public static func write(_ floats: [Float], shape: [Int], to path: String) throws {
        precondition(shape.reduce(1, *) == floats.count, "shape and elements disagree")
        let sizes = shape.map { "\($0)," }.joined(separator: " ")
        var header = "{'descr': '<f4', 'fortran_order': False, 'shape': (\(sizes)), }"
        let unpadded = 10 + header.utf8.count + 1
        header += String(repeating: " ", count: (64 - unpadded % 64) % 64) + "\n"
        var data = Data([0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.utf8.count & 0xFF), UInt8(header.utf8.count >> 8)])
        data.append(contentsOf: header.utf8)
        floats.withUnsafeBytes { data.append(contentsOf: $0) }
        try data.write(to: URL(fileURLWithPath: path))
    }

    /// The text between the next two quotes after `key`.
    private static func quoted(after key: String, in header: String) -> String? {
        guard let end = header.range(of: key)?.upperBound else { return nil }
        let parts = header[end...].split(separator: "'", maxSplits: 2, omittingEmptySubsequences: false)
        return parts.count == 3 ? String(parts[1]) : nil
    }

    /// The numbers of `'shape': (2, 3)`; `()` is a single element.
    private static func sizes(in header: String) -> [Int]? {
        guard let start = header.range(of: "'shape': (")?.upperBound, let end = header[start...].firstIndex(of: ")") else {
            return nil
        }
        let parts = header[start..<end].split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
        let sizes = parts.compactMap { Int($0) }
        return sizes.count == parts.count ? sizes : nil
    }
}
