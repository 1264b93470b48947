import Foundation
import ModelFile
import TestSupport
import Testing

/// `tools/readers/rgq.py` reads what the Swift writer wrote, and refuses what the Swift reader refuses.
@Suite(.enabled(if: Python.hasNumPy, "needs /usr/bin/python3 with NumPy (Debian: python3-numpy)"))
struct PythonReaderTests {
    let folder: TemporaryFolder
    let path: String

    init() throws {
        folder = try TemporaryFolder()
        path = folder.file("model.rgq")
    }

    @Test func itDecodesEveryTypeToTheSameWeights() throws {
        try SampleModel().write(to: path)
        let result = try Python.run(
            """
            import sys, numpy, rgq
            file = rgq.RGQFile(sys.argv[1])
            file.verify()
            for number, name in enumerate(file.tensors):
                numpy.save(f"{sys.argv[2]}/{number}.npy", file.decode(name))
            for key, value in file.metadata.items():
                open(f"{sys.argv[2]}/{key}", "wb").write(value)
            """, path, folder.path)
        #expect(result.status == 0, "\(result.errors)")

        let file = try ModelFile(path: path)
        for (number, tensor) in file.tensors.enumerated() {
            let decoded = try NumpyArray(path: folder.file("\(number).npy"))
            #expect(decoded.shape == tensor.dimensions)
            let expected = ReferenceDecoder(tensor: tensor, bytes: Array(file.bytes(of: tensor))).weights()
            #expect(decoded.floats == expected, "\(tensor.name)")
            #expect(Set(decoded.floats).count > tensor.weightCount / 20, "\(tensor.name) should be random")
        }
        func value(_ key: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(fileURLWithPath: folder.file(key)))) }
        #expect(try value("configuration") == file.metadata.configuration)
        #expect(try value("tokenizer") == file.metadata.tokenizer)
        #expect(try value("chat_template") == file.metadata.chatTemplate.map { Array($0.utf8) })
        #expect(try value("provenance") == file.metadata.provenance)
    }

    @Test func itRefusesTheSameHostileFiles() throws {
        for (number, hostile) in HostileCase.all.enumerated() { try folder.write(hostile.bytes, to: "\(number)") }
        try folder.write(HandMadeFile().bytes(), to: "valid")
        let result = try Python.run(
            """
            import sys, rgq
            rgq.RGQFile(sys.argv[1] + "/valid")
            for number in range(int(sys.argv[2])):
                try:
                    rgq.RGQFile(f"{sys.argv[1]}/{number}")
                    print(number)
                except rgq.RGQError:
                    pass
            """, folder.path, String(HostileCase.all.count))
        #expect(result.status == 0, "\(result.errors)")
        let accepted = result.output.split(separator: "\n").compactMap { Int($0) }
        #expect(accepted.filter { !HostileCase.all[$0].expected.contains("not UTF-8") } == [])
    }

    @Test func itFindsDamage() throws {
        try SampleModel(tensors: [SampleModel.tensors[0], SampleModel.tensors[1]]).write(to: path)
        let result = try Python.run(
            """
            import sys, rgq
            path = sys.argv[1]
            original = open(path, "rb").read()
            for place in [*range(700), *range(700, len(original), 29)]:
                with open(path, "r+b") as file:
                    file.seek(place)
                    file.write(bytes([original[place] ^ 1 << place % 8]))
                try:
                    rgq.RGQFile(path).verify()
                    print(place)
                except rgq.RGQError:
                    pass
                with open(path, "r+b") as file:
                    file.seek(place)
                    file.write(original[place : place + 1])
            rgq.RGQFile(path).verify()
            """, path)
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.output == "")
    }

    @Test func itsXXH3IsTheLibrarys() throws {
        let result = try Python.run(
            """
            import xxh3
            data = bytes((i * i >> 3) & 255 for i in range(70000))
            for size in [*range(600), 1023, 1024, 1025, 2048, 2049, 65536, 70000]:
                print(xxh3.xxh3_64(data[:size]))
            """)
        #expect(result.status == 0, "\(result.errors)")
        let data = (0..<70_000).map { UInt8(truncatingIfNeeded: ($0 * $0) >> 3) }
        let sizes = Array(0..<600) + [1023, 1024, 1025, 2048, 2049, 65_536, 70_000]
        let hashes = result.output.split(separator: "\n").map { UInt64($0) }
        #expect(hashes.count == sizes.count)
        #expect(zip(sizes, hashes).filter { Checksum.of(data.span.bytes.extracting(..<$0)) != $1 }.map(\.0) == [])
    }

    @Test func theCommandListsWritesAndComplains() throws {
        try SampleModel().write(to: path)
        let list = try Python.run(command: [path, "--verify"])
        #expect(list.status == 0)
        #expect(list.output.contains("matrix.q4"))
        #expect(list.output.contains("tokenizer: 2000 bytes"))

        let written = try Python.run(command: [path, "--tensor", "stack.q8", "-o", folder.file("out.npy")])
        #expect(written.status == 0)
        #expect(try NumpyArray(path: folder.file("out.npy")).shape == [3, 17, 30])
        let value = try Python.run(command: [path, "--metadata", "tokenizer", "-o", folder.file("tokenizer.model")])
        #expect(value.status == 0)
        #expect(try Data(contentsOf: URL(fileURLWithPath: folder.file("tokenizer.model"))) == Data(SampleModel.metadata.tokenizer))

        let missing = try Python.run(command: [path, "--tensor", "none", "-o", folder.file("none.npy")])
        #expect(missing.status == 1)
        #expect(missing.errors == "rgq.py: \(path): no tensor is named none\n")
        #expect(try !folder.contents().contains("none.npy"))
        #expect(try Python.run(command: [folder.file("none")]).status == 1)
        #expect(try Python.run(command: [path, "--tensor", "cube"]).status == 2)
    }
}
