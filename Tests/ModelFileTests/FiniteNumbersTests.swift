import ModelFile
import System
import TestSupport
import Testing
import Tiles

/// Verifying finds infinities and NaNs behind right checksums, wherever they lie.
@Suite struct FiniteNumbersTests {
    /// A float in a tensor of zeros: where it is, and its bits.
    struct Place: Sendable, CustomTestStringConvertible {
        let type: WeightType
        let isTiled: Bool
        let offset: Int
        let bytes: [UInt8]
        let expected: String
        /// The indices that verifying names.
        var place: [Int] = []

        var testDescription: String { "\(type.name), \(bytes) at \(offset)" }
    }

    private static let positiveInfinity: [UInt8] = [0, 0x7C], notANumber: [UInt8] = [0xFF, 0xFF]

    /// More tiles than are read at once, for every type.
    private static let rows = 16 * 40, columns = 64 * 15

    private static let places: [Place] = [
        Place(type: .f32, isTiled: false, offset: 0, bytes: [0, 0, 0x80, 0x7F], expected: "weights", place: [0, 0]),
        Place(
            type: .f32, isTiled: false, offset: 4 * (rows * columns - 1), bytes: [1, 0, 0x80, 0xFF], expected: "weights",
            place: [639, 959]),
        Place(type: .f32, isTiled: true, offset: 4096 * 300 + 8, bytes: [0, 0, 0x80, 0xFF], expected: "weights", place: [322, 0]),
        Place(type: .f16, isTiled: true, offset: 2, bytes: positiveInfinity, expected: "weights", place: [1, 0]),
        Place(type: .f16, isTiled: true, offset: 2048 * 600 - 2, bytes: notANumber, expected: "weights", place: [639, 959]),
        Place(type: .q8, isTiled: true, offset: 0, bytes: notANumber, expected: "scales", place: [0, 0]),
        Place(type: .q8, isTiled: true, offset: 1088 * 599 + 62, bytes: positiveInfinity, expected: "scales", place: [639, 928]),
        Place(type: .q4, isTiled: true, offset: 576 * 457 + 30, bytes: notANumber, expected: "scales", place: [495, 448]),
        Place(type: .q4, isTiled: true, offset: 576 * 599 + 62, bytes: [0, 0xFC], expected: "scales", place: [639, 928]),
    ]

    /// The file with `bytes` at `offset` of its second tensor.
    private func file(_ place: Place, bytes: [UInt8], in folder: TemporaryFolder) throws -> ModelFile {
        let tensor = TensorDescription(
            name: "bent", type: place.type, dimensions: [Self.rows, Self.columns], isTiled: place.isTiled)
        var content = [UInt8](repeating: 0, count: try #require(tensor.byteCount))
        content.replaceSubrange(place.offset..<place.offset + bytes.count, with: bytes)
        let path = folder.file("model.rgq")
        let first = TensorDescription(name: "first", type: .f32, dimensions: [3], isTiled: false)
        let writer = try ModelFileWriter(target: path, tensors: [first, tensor], metadata: SampleModel.metadata)
        for bytes in [[UInt8](repeating: 0, count: 12), content] { try bytes.withUnsafeBytes { try writer.append($0) } }
        try writer.finish()
        return try ModelFile(path: path)
    }

    @Test(arguments: places) func theTensorIsNamed(_ place: Place) throws {
        let folder = try TemporaryFolder()
        let file = try file(place, bytes: place.bytes, in: folder)
        try file.verify(file.tensors[0])
        let error = try #require(throws: FileProblem.self) { try file.verifyAll() }
        #expect(error.kind == .content)
        #expect(error.problem == "has \(place.expected) that are not finite in tensor bent, the first at \(place.place)")
    }

    @Test func theFirstOfSeveralInAStackIsNamed() throws {
        let folder = try TemporaryFolder()
        let tensor = TensorDescription(name: "gates", type: .q8, dimensions: [3, 20, 70], isTiled: true)
        var content = [UInt8](repeating: 0, count: try #require(tensor.byteCount))
        // Matrices of 2 × 2 tiles: rows 17 and 19, columns 64 to 95, in the last tile of the last matrix.
        for row in [1, 3] { content.replaceSubrange(11 * 1088 + row * 2..<11 * 1088 + row * 2 + 2, with: [0, 0x7C]) }
        let path = folder.file("model.rgq")
        let writer = try ModelFileWriter(target: path, tensors: [tensor], metadata: SampleModel.metadata)
        try content.withUnsafeBytes { try writer.append($0) }
        try writer.finish()
        let error = try #require(throws: FileProblem.self) { try ModelFile(path: path).verifyAll() }
        #expect(error.problem == "has scales that are not finite in tensor gates, the first at [2, 17, 64]")
    }

    /// The largest finite numbers, and codes that would not be finite if read as halves.
    @Test(arguments: places) func finiteNumbersPass(_ place: Place) throws {
        let folder = try TemporaryFolder()
        let largest: [UInt8] = place.type == .f32 ? [0xFF, 0xFF, 0x7F, 0xFF] : [0xFF, 0xFB]
        try file(place, bytes: largest, in: folder).verifyAll()
        guard place.type.isBlockQuantized else { return }
        let codes = Place(type: place.type, isTiled: true, offset: 64, bytes: [], expected: "")
        try file(codes, bytes: [UInt8](repeating: 0xFF, count: place.type.bytesPerTile - 64), in: folder).verifyAll()
    }

    @Test(.enabled(if: Python.hasNumPy, "needs /usr/bin/python3 with NumPy (Debian: python3-numpy)"))
    func thePythonReaderFindsThemToo() throws {
        let folder = try TemporaryFolder()
        for place in Self.places where place.type != .f32 || !place.isTiled {
            let path = try file(place, bytes: place.bytes, in: folder).path
            let result = try Python.run(
                """
                import sys, numpy, rgq
                file = rgq.RGQFile(sys.argv[1])
                for name, tensor in file.tensors.items():
                    if not numpy.isfinite(rgq.stored_floats(tensor, file.raw(name))).all():
                        print(name)
                """, path)
            #expect(result.output == "bent\n", "\(result.errors)")
        }
    }
}
