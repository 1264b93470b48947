import ArgumentParser
import CommandSupport
import Files
import Griffin
import JSON
import ModelFile
import Quantization
import System

/// `rg-quant inspect`: what is in a model file, tensor by tensor.
struct InspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Lists the tensors of a model file.",
        discussion: """
            Scales are those of quantized blocks, by magnitude; blocks of zeros are left out. Checksums are not checked: \
            rg-quant verify does that.

            Examples:
              rg-quant inspect 2b-it.rgq
            """)

    @Argument(help: "Model file.", completion: .file(extensions: ["rgq"]))
    var file: String

    @Flag(help: "JSON.")
    var json = false

    func run() throws {
        let model = try ModelFile(path: file)
        let report = json ? text(of: try jsonValue(of: model)) : try table(of: model)
        try model.checkIntact()
        try StandardOutput.write(report)
    }

    private func scales(of tensor: TensorEntry, in model: ModelFile) -> ClosedRange<Float>? {
        guard let shape = tensor.matrixShape, let tiles = model.bytes(of: tensor).baseAddress else { return nil }
        return TileDecoder(tensor.type).scaleRange(tiles, shape: shape)
    }

    private func table(of model: ModelFile) throws(FileProblem) -> String {
        var table = Table(("tensor", .left), ("type", .left), ("shape", .left), ("bytes", .right), ("scales", .left))
        for tensor in model.tensors {
            let scales =
                scales(of: tensor, in: model).map { [$0.lowerBound, $0.upperBound].map { Format.short(Double($0)) } } ?? []
            table.add(
                tensor.name, tensor.type.name, tensor.dimensions.map(String.init).joined(separator: " × "), "\(tensor.byteCount)",
                scales.joined(separator: "…"))
        }
        let weights = model.tensors.reduce(0) { $0 + $1.weightCount }
        let provenance = try provenance(of: model)
        let converter = provenance?["converter"]?.stringValue ?? "unknown", source = provenance?["source"]?.stringValue ?? "unknown"
        let summary = """
            \(file): \(Format.bytes(model.byteCount)), \(model.tensors.count) tensors, \(Format.count(weights)) weights; \
            converter: \(converter); source: \(source)\(pieces(of: model, provenance))
            """
        return "\(table)\(summary.onOneLine)\n"
    }

    /// How many pieces are left of a vocabulary that was reduced.
    private func pieces(of model: ModelFile, _ provenance: JSONValue?) -> String {
        guard let whole = provenance?["vocabulary"]?["source_pieces"]?.intValue,
            let kept = model.tensor(named: Configuration.embeddingName)?.dimensions[0]
        else { return "" }
        return "; vocabulary: \(kept) of \(whole) pieces"
    }

    private func provenance(of model: ModelFile) throws(FileProblem) -> JSONValue? {
        try model.metadata.provenance.flatMap { json throws(FileProblem) in try value(of: json) }
    }

    /// What a text of the metadata says; nil if it isn't JSON, which inspecting a file doesn't need.
    private func value(of json: [UInt8]) throws(FileProblem) -> JSONValue? {
        do throws(JSONError) {
            return try JSONValue(parsing: json)
        } catch {
            guard error.isMemory else { return nil }
            throw FileProblem(
                .memory, path: file, problem: "no memory to read its metadata", advice: "close other programs")
        }
    }

    private func jsonValue(of model: ModelFile) throws(FileProblem) -> JSONValue {
        let tensors = model.tensors.map { tensor -> JSONValue in
            let scales = scales(of: tensor, in: model)
            return [
                "name": .string(tensor.name), "type": .string(tensor.type.name),
                "shape": .array(tensor.dimensions.map { .integer(Int64($0)) }), "offset": .integer(Int64(tensor.offset)),
                "bytes": .integer(Int64(tensor.byteCount)), "checksum": .string(tensor.checksum.hexadecimal),
                "scales": scales.map { [.real(Double($0.lowerBound)), .real(Double($0.upperBound))] } ?? .null,
            ]
        }
        return [
            "file": .string(file), "bytes": .integer(Int64(model.byteCount)),
            "configuration": try value(of: model.metadata.configuration) ?? .null,
            "provenance": try provenance(of: model) ?? .null,
            "chat_template": model.metadata.chatTemplate.map { .string($0) } ?? .null,
            "tokenizer_bytes": .integer(Int64(model.metadata.tokenizer.count)),
            "tensors": .array(tensors),
        ]
    }

    private func text(of value: JSONValue) -> String { String(decoding: value.serialized(indented: true), as: UTF8.self) }
}
