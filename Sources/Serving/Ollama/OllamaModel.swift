import Glibc
import JSON
import RGEdge

/// What Ollama's endpoints say of the model.
struct OllamaModel {
    let model: Model
    let identity: ModelIdentity
    /// Tokens that a conversation may have. The model itself has no limit.
    let contextLength: Int

    /// The version of Ollama's API that is spoken here: programs ask for what a version has.
    static let version = "0.13.0"
    /// A moment that nobody lives to see: the model stays in memory.
    private static let never = "2300-01-01T00:00:00.000000000Z"

    private static let family = "recurrentgemma"

    var details: JSONValue {
        [
            "parent_model": "", "format": "rgq", "family": .string(Self.family), "families": [.string(Self.family)],
            "parameter_size": .string(Self.short(model.parameterCount)),
            "quantization_level": .string(model.weightTypeName.uppercased()),
        ]
    }

    private var names: JSONObject {
        var object = JSONObject()
        object["name"] = .string(identity.ollamaName)
        object["model"] = .string(identity.ollamaName)
        object["size"] = .integer(Int64(model.mappedBytes))
        // The word of the file; that of the arithmetic follows it.
        object["digest"] = .string(String(identity.fingerprint.dropFirst("rg-".count).prefix { $0 != "-" }))
        object["details"] = details
        return object
    }

    /// A member of `/api/tags`.
    var listed: JSONValue {
        var object = names
        object["modified_at"] = .string(modified)
        return .object(object)
    }

    /// A member of `/api/ps`.
    var running: JSONValue {
        var object = names
        object["expires_at"] = .string(Self.never)
        object["size_vram"] = 0
        object["context_length"] = .integer(Int64(contextLength))
        return .object(object)
    }

    /// The answer of `/api/show`.
    var shown: JSONValue {
        let usual = Fields.usualSampling
        let parameters = [
            ("temperature", usual.temperature.description), ("top_k", usual.topK.description), ("top_p", usual.topP.description),
            ("min_p", usual.minP.description),
        ]
        return [
            "modelfile": .string("FROM \(identity.ollamaName)\n"),
            "parameters": .string(parameters.map { "\($0.0) \($0.1)" }.joined(separator: "\n")),
            "template": "", "details": details, "model_info": information,
            "capabilities": model.isInstructionTuned ? ["completion", "tools"] : ["completion"], "modified_at": .string(modified),
        ]
    }

    private var information: JSONValue {
        let shape = model.configuration
        func number(_ value: Int) -> JSONValue { .integer(Int64(value)) }
        let members: [(String, JSONValue)] = [
            ("general.architecture", .string(Self.family)), ("general.basename", .string(identity.name)),
            ("general.parameter_count", number(model.parameterCount)), ("\(Self.family).context_length", number(contextLength)),
            ("\(Self.family).embedding_length", number(shape.width)), ("\(Self.family).block_count", number(shape.layerCount)),
            ("\(Self.family).feed_forward_length", number(shape.mlpWidth)),
            ("\(Self.family).attention.head_count", number(shape.headCount)), ("\(Self.family).attention.head_count_kv", 1),
            ("\(Self.family).attention.key_length", number(shape.headDimension)),
            ("\(Self.family).attention.sliding_window", number(shape.window)),
            ("\(Self.family).vocab_size", number(shape.vocabularySize)), ("tokenizer.ggml.bos_token_id", number(Int(shape.bos))),
            ("tokenizer.ggml.eos_token_id", number(Int(shape.eos))),
        ]
        return .object(JSONObject(members.map { JSONObject.Member(key: $0.0, value: $0.1) }))
    }

    /// When the file was written; when the server started, if that can't be told.
    private var modified: String {
        var status = stat()
        guard stat(model.path, &status) == 0 else { return Timestamp.text(seconds: Int(identity.created)) }
        return Timestamp.text(seconds: status.st_mtim.tv_sec, nanoseconds: status.st_mtim.tv_nsec)
    }

    /// A number of weights in words: "2.7B", "125.40M".
    static func short(_ count: Int) -> String {
        func rounded(_ unit: Int, _ digits: Int) -> String {
            let power = digits == 1 ? 10 : 100, parts = (count * power + unit / 2) / unit
            let fraction = String(parts % power)
            return "\(parts / power)." + String(repeating: "0", count: digits - fraction.utf8.count) + fraction
        }
        if count >= 1_000_000_000 { return rounded(1_000_000_000, 1) + "B" }
        if count >= 1_000_000 { return rounded(1_000_000, 2) + "M" }
        return count >= 1000 ? rounded(1000, 2) + "K" : String(count)
    }
}
