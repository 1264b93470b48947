import Foundation
import JSON
import ModelFile
import TestSupport
import Testing
import Tiles

/// `rg-quant verify` and `rg-quant inspect`.
@Suite struct RGQuantVerifyTests {
    private let folder: TemporaryFolder
    private let path: String
    private let tensors: [JSONValue]

    init() throws {
        folder = try TemporaryFolder()
        let path = folder.file("model.rgq"), source = try EditableCheckpoint.small().write()
        let outcome = try withExtendedLifetime(source) {
            try Command.rgQuant.run("convert", source.path, "-o", path, "-q", "--type", "q4-small")
        }
        #expect(outcome.ending == .exit(0))
        self.path = path
        tensors = try JSONValue(parsing: Command.rgQuant.run("inspect", path, "--json").output)["tensors"]?.arrayValue ?? []
    }

    /// Flips a bit in the middle of a tensor.
    private func damage(_ name: String) throws {
        let tensor = try #require(tensors.first { $0["name"]?.stringValue == name })
        let offset = try #require(tensor["offset"]?.intValue), bytes = try #require(tensor["bytes"]?.intValue)
        let place = offset + bytes / 2
        let file = try #require(FileHandle(forUpdatingAtPath: path))
        try file.seek(toOffset: UInt64(place))
        let byte = try #require(file.read(upToCount: 1)?.first)
        try file.seek(toOffset: UInt64(place))
        try file.write(contentsOf: [byte ^ 0x10])
        try file.close()
    }

    @Test func aWholeFileIsSaidToBe() throws {
        let outcome = try Command.rgQuant.run("verify", path)
        #expect(outcome.ending == .exit(0))
        #expect(outcome.lines.count == 1)
        #expect(outcome.text.hasPrefix("\(path): ") && outcome.text.hasSuffix(", 57 tensors, all as they were written\n"))
        #expect(outcome.errors.contains("verifying: 100 %, "))
        #expect(try Command.rgQuant.run("verify", path, "--quiet").errors == "")
    }

    @Test func aDamagedTensorIsNamed() throws {
        try damage("model.layers.1.mlp_block.up_proj.weight")
        let outcome = try Command.rgQuant.run("verify", path, "-q")
        #expect(outcome.ending == .exit(1))
        #expect(outcome.output == [])
        #expect(
            outcome.errors == """
                rg-quant: \(path): is damaged in tensor model.layers.1.mlp_block.up_proj.weight; \
                copy or download it again, or convert the model again

                """)
    }

    @Test func severalDamagedTensorsAreNamed() throws {
        try damage("model.layers.1.mlp_block.up_proj.weight")
        try damage("model.layers.2.temporal_block.o_proj.bias")
        let outcome = try Command.rgQuant.run("verify", path, "-q")
        #expect(outcome.ending == .exit(1))
        #expect(
            outcome.errors == """
                rg-quant: \(path): is damaged in 2 tensors: model.layers.1.mlp_block.up_proj.weight, \
                model.layers.2.temporal_block.o_proj.bias; copy or download it again, or convert the model again

                """)
    }

    @Test func tensorsWhoseScalesAreNotFiniteAreNamed() throws {
        let path = folder.file("infinite.rgq")
        func write(_ names: [String]) throws {
            let tensors = names.map { TensorDescription(name: $0, type: .q4, dimensions: [16, 64], isTiled: true) }
            let writer = try ModelFileWriter(
                target: path, tensors: tensors, metadata: Metadata(configuration: Array("{}".utf8), tokenizer: [1]))
            for _ in names { try [UInt8](repeating: 0xFF, count: 576).withUnsafeBytes { try writer.append($0) } }
            try writer.finish()
        }
        func errors() throws -> String {
            let outcome = try Command.rgQuant.run("verify", path, "-q")
            #expect(outcome.ending == .exit(1))
            #expect(outcome.output == [])
            return outcome.errors
        }
        let advice = "convert the model again with \"rg-quant convert\"\n"
        try write(["a"])
        #expect(try errors() == "rg-quant: \(path): has scales that are not finite in tensor a, the first at [0, 0]; \(advice)")
        try write(["a", "b"])
        #expect(try errors() == "rg-quant: \(path): has numbers that are not finite in 2 tensors: a, b; \(advice)")
    }

    /// Checksums that are right say nothing of what they protect.
    @Test func aFileThatCannotBeRunIsRefused() throws {
        let whole = try ModelFile(path: path)
        func error(_ name: String, _ metadata: Metadata, without: String = "") throws -> String {
            let path = folder.file(name), tensors = whole.tensors.filter { $0.name != without }
            let descriptions = tensors.map {
                TensorDescription(name: $0.name, type: $0.type, dimensions: $0.dimensions, isTiled: $0.isTiled)
            }
            let writer = try ModelFileWriter(target: path, tensors: descriptions, metadata: metadata)
            for tensor in tensors { try writer.append(whole.bytes(of: tensor)) }
            try writer.finish()
            let outcome = try Command.rgQuant.run("verify", path, "-q")
            #expect(outcome.ending == .exit(name == "same" ? 0 : 1))
            #expect(outcome.output.isEmpty == (name != "same") && outcome.errors.filter { $0 == "\n" }.count <= 1)
            return outcome.errors
        }
        let metadata = whole.metadata
        #expect(try error("same", metadata) == "")
        var bent = metadata
        bent.configuration = Array("{}".utf8)
        #expect(try error("configuration", bent).contains("convert the model again"))
        bent = metadata
        bent.tokenizer = [1]
        #expect(try error("tokenizer", bent).contains("convert the model again"))
        bent = metadata
        bent.chatTemplate = "nonsense"
        #expect(try error("template", bent).contains("convert the model again"))
        let name = "model.layers.1.mlp_block.up_proj.bias"
        #expect(try error("tensor", metadata, without: name).contains("has no tensor \(name)"))
    }

    @Test func aFileThatIsNoneIsRefused() throws {
        for command in ["verify", "inspect"] {
            let missing = try Command.rgQuant.run(command, folder.file("none"))
            #expect(missing.ending == .exit(1))
            #expect(missing.errors == "rg-quant: \(folder.file("none")): no such file; check the path\n")
            let cut = try folder.write([UInt8](try Data(contentsOf: URL(fileURLWithPath: path))).dropLast(), to: "cut")
            let outcome = try Command.rgQuant.run(command, cut)
            #expect(outcome.ending == .exit(1))
            #expect(outcome.errors.hasPrefix("rg-quant: \(cut): ") && outcome.errors.filter { $0 == "\n" }.count == 1)
        }
    }

    @Test func inspectListsTheTensors() throws {
        let outcome = try Command.rgQuant.run("inspect", path)
        #expect(outcome.ending == .exit(0))
        #expect(outcome.lines.count == 59)
        #expect(outcome.lines[0].split(separator: " ") == ["tensor", "type", "shape", "bytes", "scales"])
        let row = try #require(outcome.lines.first { $0.hasPrefix("model.embed_tokens.weight ") })
        #expect(row.contains("  q4    512 × 128  ") && row.contains("…"))
        #expect(outcome.lines.last?.contains(" 57 tensors, ") == true)
        #expect(outcome.lines.last?.contains("converter: rg-quant ") == true)
    }

    @Test func inspectGivesTheSameAsJSON() throws {
        let json = try JSONValue(parsing: Command.rgQuant.run("inspect", "--json", path).output)
        #expect(json["configuration"]?["layer_count"] == 3)
        #expect(json["provenance"]?["types"] == ["q4-small"])
        #expect(json["chat_template"] == .null)
        #expect(tensors.count == 57)
        let embedding = try #require(tensors.last)
        #expect(embedding["name"] == "model.embed_tokens.weight")
        #expect(embedding["shape"] == [512, 128])
        #expect(embedding["checksum"]?.stringValue?.count == 16)
        let scales = embedding["scales"]?.arrayValue?.compactMap(\.doubleValue) ?? []
        #expect(scales.count == 2 && 0 < scales[0] && scales[0] < scales[1] && scales[1] < 1)
        #expect(tensors[0]["scales"] == .null)
    }
}
