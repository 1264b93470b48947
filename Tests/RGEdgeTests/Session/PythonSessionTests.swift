import Foundation
import ModelTestSupport
import TestSupport
import Testing
import Tiles

@testable import RGEdge

/// `tools/readers/rgs.py`, written from `formats/rgs.md`, reads what Swift saved.
@Suite("Saved sessions in Python", .enabled(if: Python.hasNumPy, "needs /usr/bin/python3 with NumPy (Debian: python3-numpy)"))
struct PythonSessionTests {
    @Test("It finds the same numbers", arguments: [0, 9, 55], [WeightType.f32, .q4])
    func sameNumbers(position: Int, type: WeightType) throws {
        let folder = try TemporaryFolder()
        let model = try Model(path: try ConvertedModels.path("alpha", type), options: Model.Options(threads: 1))
        let session = try model.makeSession()
        try session.feed((0..<UInt32(position)).map { $0 * 37 % 512 })
        try session.save(to: folder.file("session.rgs"))
        let result = try Python.run(
            """
            import sys, numpy, rgq, rgs
            session = rgs.RGSFile(sys.argv[1])
            parts = session.parts
            assert session.header["token_hash"] == rgs.token_hash(parts["tokens"])
            assert session.header["fingerprint"] == int.from_bytes(rgq.RGQFile(sys.argv[2]).data[120:128].tobytes(), "little")
            with open(sys.argv[3], "wb") as output:
                output.write(parts["tokens"].tobytes())
                output.write(numpy.concatenate((parts["h"][:, None], parts["convolution_inputs"]), axis=1).tobytes())
                for layer in range(session.header["attention_layers"]):
                    output.write(parts[f"keys_{layer}"].tobytes() + parts[f"values_{layer}"].tobytes())
                output.write(parts["logits"].tobytes())
            print(session.header["position"])
            """, folder.file("session.rgs"), model.file.path, folder.file("numbers"))
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.output == "\(position)\n")

        var expected = session.memory.recent.oldestFirst.withUnsafeBytes { Array($0) }
        for part in session.memory.state.parts(withExponents: false) { expected += part.bytes }
        if let logits = session.logits { expected += UnsafeRawBufferPointer(logits) }
        #expect(try Data(contentsOf: URL(fileURLWithPath: folder.file("numbers"))) == Data(expected))
        #expect(expected.contains { $0 != 0 } == (position > 0))
    }

    @Test("It refuses damage")
    func damage() throws {
        let folder = try TemporaryFolder()
        let session = try Model(path: try ConvertedModels.path("alpha", .q8), options: Model.Options(threads: 1)).makeSession()
        try session.feed([1, 2, 3])
        let bytes = session.serialized()
        var names: [String] = []
        for place in [0, 5, 20, 90, 125, 140, bytes.count - 1] {
            var damaged = bytes
            damaged[place] ^= 4
            names.append(try folder.write(damaged, to: "flipped-\(place)"))
            names.append(try folder.write(bytes[..<place], to: "cut-\(place)"))
        }
        let result = try Python.run(
            """
            import sys, rgs
            for path in sys.argv[1].split():
                try:
                    rgs.RGSFile(path)
                    print(path)
                except rgs.RGSError:
                    pass
            """, names.joined(separator: " "))
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.output == "")
    }
}
