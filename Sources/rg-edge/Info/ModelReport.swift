import CommandSupport
import Griffin
import JSON
import ModelFile
import RGEdge
import System
import Tiles

/// What is in a model file, and what it takes to run it.
struct ModelReport {
    private let model: Model
    private let types: [TypeTotal]
    /// What would be read in each pass, by a choice of what stays in memory; or why the model can't be run so.
    private let plan: Result<StreamPlan?, ModelError>
    /// What so many take is shown as well.
    private let sessions: Int?

    init(_ model: Model, _ residency: Residency, sessions: Int?) {
        self.model = model
        self.sessions = sessions
        plan = Result { () throws(ModelError) in try model.streamPlan(for: residency) }
        types = WeightType.allCases.reversed().compactMap { TypeTotal($0, in: model.file.tensors) }
    }

    private var configuration: Configuration { model.configuration }

    /// For people: the shape and the sizes, then a table of the weight types.
    var text: String {
        let fields = shape + sizes + provenance
        let width = fields.map(\.name.count).max() ?? 0
        let lines = fields.map { $0.name + String(repeating: " ", count: width - $0.name.count) + "  " + $0.value + "\n" }
        return lines.joined() + "\n" + table.description
    }

    private typealias Field = (name: String, value: String)

    private var shape: [Field] {
        let kinds = configuration.blockPattern.map(\.rawValue).joined(separator: ", ")
        let turn = configuration.endOfTurn.map { ", end of turn \($0)" } ?? ""
        return [
            (
                "model",
                "RecurrentGemma, \(Format.count(model.parameterCount)) parameters, "
                    + (model.chatTemplate == nil ? "base: no chat template" : "instruction-tuned: with a chat template")
            ),
            (
                "layers",
                "\(configuration.layerCount): \(kinds), repeated; "
                    + "\(configuration.layerCount(of: .recurrent)) recurrent, \(configuration.layerCount(of: .attention)) attention"
            ),
            ("widths", "\(configuration.width); RG-LRU \(configuration.recurrentWidth), MLP \(configuration.mlpWidth)"),
            ("attention", "\(configuration.headCount) heads of \(configuration.headDimension), window \(configuration.window)"),
            (
                "vocabulary",
                "\(configuration.vocabularySize)\(ofPieces); bos \(configuration.bos), eos \(configuration.eos), "
                    + "pad \(configuration.pad)" + turn
            ),
        ]
    }

    /// How many pieces the source has, if the vocabulary was reduced.
    private var ofPieces: String {
        model.provenance?["vocabulary"]?["source_pieces"]?.intValue.map { " of \($0) pieces" } ?? ""
    }

    private var sizes: [Field] {
        [
            ("file", "\(model.file.path), \(Format.bytes(model.mappedBytes)), mapped"),
            ("in memory", residentPart),
            ("session", "\(Format.bytes(model.sessionBytes)) allocated, however long the text"),
            ("shared", "\(Format.bytes(model.sharedBytes)) allocated once (\(model.threads) threads, \(model.kernels.name))"),
            ("needs", neededMemory),
        ] + (sessions.map { [("\($0) sessions", memory(ofSessions: $0))] } ?? [])
    }

    /// What so many sessions that are fed take with all weights in memory, besides the program: never more.
    private func bytes(ofSessions count: Int) -> Int { model.mappedBytes + model.sharedBytes + count * model.sessionBytes }

    private func memory(ofSessions count: Int) -> String {
        "\(Format.bytes(bytes(ofSessions: count))) at most: \(Format.bytes(model.mappedBytes)) mapped "
            + "+ \(Format.bytes(model.sharedBytes)) + \(count) × \(Format.bytes(model.sessionBytes)); "
            + "one that generates holds room for a copy or two besides (\(Format.bytes(model.snapshotBytes)) each)"
    }

    private var residentBytes: Int { (try? plan.get()?.residentBytes) ?? model.residentBytes }
    private var streamedBytes: Int { (try? plan.get()?.streamedBytes) ?? 0 }

    private var residentPart: String {
        guard streamedBytes > 0 else { return "all weights, \(Format.bytes(residentBytes))" }
        return "\(Format.bytes(residentBytes)) of the weights; each token reads \(Format.bytes(streamedBytes)) from the disk"
    }

    private var neededMemory: String {
        switch plan {
        case .success(let plan):
            "\(Format.bytes(model.neededBytes(with: plan))) of memory at most: those weights, shared, two sessions, the encoder of prompts"
        case .failure(let error): "more memory than there is: \(error)"
        }
    }

    private var provenance: [Field] {
        guard let provenance = model.provenance else { return [] }
        func word(_ key: String) -> String? { provenance[key]?.stringValue.map(\.onOneLine) }
        let types = provenance["types"]?.arrayValue.map { $0.compactMap(\.stringValue).joined(separator: ", ").onOneLine }
        let parts = [
            word("converter"), word("source").map { "from \($0)" }, types.map { "as \($0)" },
        ].compactMap { $0 }
        return parts.isEmpty ? [] : [("converted", parts.joined(separator: " "))]
    }

    private var table: Table {
        var table = Table(("type", .left), ("tensors", .right), ("weights", .right), ("bytes", .right), ("bits/weight", .right))
        for total in types {
            table.add(
                total.type.name, "\(total.tensors)", Format.count(total.weights), Format.bytes(total.bytes),
                Format.fixed(total.bitsPerWeight, digits: 2))
        }
        return table
    }

    /// For programs.
    var json: JSONValue {
        [
            "file": .string(model.file.path),
            "parameters": .integer(Int64(model.parameterCount)),
            "configuration": (try? JSONValue(parsing: model.file.metadata.configuration)) ?? .null,
            "types": .array(types.map(\.json)),
            "mapped_bytes": .integer(Int64(model.mappedBytes)),
            "needed_bytes": .integer(Int64(model.neededBytes(with: try? plan.get()))),
            "resident_bytes": .integer(Int64(residentBytes)),
            "streamed_bytes": .integer(Int64(streamedBytes)),
            "session_bytes": .integer(Int64(model.sessionBytes)),
            "shared_bytes": .integer(Int64(model.sharedBytes)),
            "sessions_bytes": sessions.map { .integer(Int64(bytes(ofSessions: $0))) } ?? .null,
            "threads": .integer(Int64(model.threads)),
            "kernels": .string(model.kernels.name),
            "chat_template": model.file.metadata.chatTemplate.map { .string($0) } ?? .null,
            "sampling": model.file.metadata.sampling.flatMap { try? JSONValue(parsing: $0) } ?? .null,
            "provenance": model.provenance ?? .null,
        ]
    }
}

/// The tensors of one weight type, taken together.
private struct TypeTotal {
    let type: WeightType
    let tensors: Int
    /// Without the padding of tiles.
    let weights: Int
    let bytes: Int

    /// Nil if there are none.
    init?(_ type: WeightType, in tensors: [TensorEntry]) {
        let tensors = tensors.filter { $0.type == type }
        guard !tensors.isEmpty else { return nil }
        self.type = type
        self.tensors = tensors.count
        weights = tensors.reduce(0) { $0 + $1.dimensions.reduce(1, *) }
        bytes = tensors.reduce(0) { $0 + $1.byteCount }
    }

    var bitsPerWeight: Double { Double(bytes * 8) / Double(weights) }

    var json: JSONValue {
        [
            "type": .string(type.name), "tensors": .integer(Int64(tensors)), "weights": .integer(Int64(weights)),
            "bytes": .integer(Int64(bytes)), "bits_per_weight": .real(bitsPerWeight),
        ]
    }
}
