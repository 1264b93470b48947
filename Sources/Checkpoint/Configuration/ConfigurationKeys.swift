import JSON
import System

/// Looks keys up in a `config.json` and says what is wrong with them.
struct ConfigurationKeys {
    private let object: JSONObject
    private let path: String

    /// What to do about a value that can't belong to a RecurrentGemma.
    static let advice = "take config.json from the same download as the weights"

    init(parsing json: [UInt8], path: String) throws(FileProblem) {
        self.path = path
        let value = try JSONValue(parsing: json, of: path)
        guard let object = value.objectValue else {
            throw FileProblem(.content, path: path, problem: "is not a JSON object", advice: FileProblem.downloadAgain)
        }
        self.object = object
    }

    func error(_ problem: String, _ advice: String = ConfigurationKeys.advice) -> FileProblem {
        FileProblem(.content, path: path, problem: problem, advice: advice)
    }

    /// The value of a key; nil where it is absent or null.
    private func value(_ key: String) -> JSONValue? { Self.value(key, in: object) }

    private static func value(_ key: String, in object: JSONObject) -> JSONValue? {
        guard let value = object[key], !value.isNull else { return nil }
        return value
    }

    private func missing(_ key: String) -> FileProblem {
        error("has no \"\(key)\"")
    }

    // MARK: - Numbers

    /// A whole number. Throws if it is absent and has no `default`, isn't a whole number, or is outside `range`.
    func integer(_ key: String, in range: ClosedRange<Int>, default fallback: Int? = nil) throws(FileProblem) -> Int {
        guard let value = value(key) else {
            guard let fallback else { throw missing(key) }
            return fallback
        }
        guard let number = value.intValue, range.contains(number) else {
            throw error("\(key) is \(shown(value)), not a whole number in \(range.lowerBound)…\(range.upperBound)")
        }
        return number
    }

    /// A finite number.
    func real(_ key: String, default fallback: Double) throws(FileProblem) -> Double {
        try real(value(key), key, default: fallback)
    }

    /// A number that stands at the top of older files and in `rope_parameters` of newer ones; if in both, they must agree.
    func rope(_ key: String, default fallback: Double) throws(FileProblem) -> Double {
        let nested = try ropeParameter(key)
        let number = try real(nested ?? value(key), key, default: fallback)
        guard try real(value(key), key, default: number) == number else {
            throw error("\(key) differs from the one in rope_parameters", "set both to what the model was trained with")
        }
        return number
    }

    /// The value of a key of `rope_parameters`; nil if it is absent or null, or if `rope_parameters` is.
    private func ropeParameter(_ key: String) throws(FileProblem) -> JSONValue? {
        guard let parameters = value("rope_parameters") else { return nil }
        guard let object = parameters.objectValue else { throw error("rope_parameters is \(shown(parameters)), not an object") }
        return Self.value(key, in: object)
    }

    private func real(_ value: JSONValue?, _ key: String, default fallback: Double) throws(FileProblem) -> Double {
        guard let value else { return fallback }
        guard let number = value.doubleValue, number.isFinite else {
            throw error("\(key) is \(shown(value)), not a number")
        }
        return number
    }

    /// A token id inside the vocabulary; the first where there is a list.
    func token(_ key: String, vocabulary: Int, default fallback: Int) throws(FileProblem) -> Int {
        let value = value(key) ?? .integer(Int64(fallback))
        let first = value.arrayValue.map { $0.first ?? .null } ?? value
        guard let token = first.intValue, (0..<vocabulary).contains(token) else {
            throw error("\(key) is \(shown(value)), not a token of the vocabulary of \(vocabulary)")
        }
        return token
    }

    /// `head_dim`, which transformers derives where it is absent.
    func headDimension(hiddenSize: Int, headCount: Int) throws(FileProblem) -> Int {
        if value("head_dim") == nil, hiddenSize % headCount != 0 {
            throw error(
                "hidden_size \(hiddenSize) is not a multiple of num_attention_heads \(headCount), and there is no head_dim")
        }
        return try integer("head_dim", in: 1...HubConfiguration.Limit.dimension, default: hiddenSize / headCount)
    }

    // MARK: - What the model is

    /// Throws unless the file describes a RecurrentGemma with a head.
    func checkArchitecture() throws(FileProblem) {
        let advice = "only RecurrentGemma models can be converted, such as google/recurrentgemma-2b-it"
        guard let type = value("model_type") else { throw error("has no \"model_type\"", advice) }
        guard type.stringValue == HubConfiguration.modelType else { throw error("model_type is \(shown(type))", advice) }
        // Absent in files that were written from a bare configuration.
        guard let architectures = value("architectures") else { return }
        guard architectures.arrayValue?.contains(.string(HubConfiguration.architecture)) == true else {
            throw error("architectures is \(shown(architectures)), without \(HubConfiguration.architecture)", advice)
        }
    }

    /// Throws for options of `RecurrentGemmaConfig` that no published model uses and that would change the results.
    func checkFeatures() throws(FileProblem) {
        let expected: [(key: String, value: JSONValue)] = [
            ("hidden_activation", .string(HubConfiguration.activation)),
            ("attention_bias", false),
            ("embeddings_scale_by_sqrt_dim", true),
            ("tie_word_embeddings", true),
        ]
        for (key, only) in expected {
            if let value = value(key), value != only {
                throw error(
                    "\(key) is \(shown(value)), not \(shown(only))", "use a model with \(shown(only)), as the published ones are")
            }
        }
        if value("quantization_config") != nil {
            throw error("has a \"quantization_config\": its weights are already quantized", "convert the original model in bf16")
        }
        if let type = try ropeParameter("rope_type"), type != "default" {
            throw error("rope_type is \(shown(type)), not \"default\"", "use a model with plain rotary positions")
        }
        if let scaling = value("rope_scaling") {
            throw error("rope_scaling is \(shown(scaling)), not null", "use a model with plain rotary positions")
        }
    }

    /// `block_types` or, in older files, `_block_types`; if both are there, they must be the same.
    func blockTypes() throws(FileProblem) -> [String] {
        let current = value("block_types"), older = value("_block_types")
        if let current, let older, current != older { throw error("block_types and _block_types differ") }
        guard let value = current ?? older else { return ["recurrent", "recurrent", "attention"] }
        let types = value.arrayValue?.compactMap(\.stringValue) ?? []
        guard !types.isEmpty, types.count == value.arrayValue?.count, types.count <= HubConfiguration.Limit.layers,
            types.allSatisfy(HubConfiguration.blockTypes.contains)
        else {
            throw error("block_types is \(shown(value)), not a list of \"recurrent\" and \"attention\"")
        }
        return types
    }

    /// A value as it stands in the file, shortened.
    private func shown(_ value: JSONValue) -> String {
        printable(String(decoding: value.serialized(), as: UTF8.self))
    }
}
