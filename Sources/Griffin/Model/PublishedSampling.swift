import JSON
import System

/// How a model's makers sample from it: what a Hugging Face folder's `generation_config.json` says of it, and the `sampling` of a
/// model file (`formats/rgq.md`, "Metadata"), under the same keys.
package struct PublishedSampling: Equatable, Sendable {
    /// `do_sample`: false takes the likeliest token each time, whatever the others say.
    package let isSampled: Bool?
    /// `temperature`, 0 or more.
    package let temperature: Float?
    /// `top_k`, 0 or more; 0 for all.
    package let topK: Int?
    /// `top_p`, above 0 and at most 1.
    package let topP: Float?

    /// Reads an object; keys that it doesn't know are skipped, and null counts as absent. Nil if it says nothing of sampling. Throws
    /// for what is not an object, and for values that make no sense; `path` and `advice` are for what is thrown.
    package init?(_ value: JSONValue, path: String, advice: String) throws(FileProblem) {
        func fail(_ problem: String) -> FileProblem {
            FileProblem(.content, path: path, problem: problem, advice: advice)
        }
        guard let object = value.objectValue else { throw fail("the settings of sampling are not a JSON object") }
        func member<Value>(
            _ key: String, _ wanted: String, _ read: (JSONValue) -> Value?
        ) throws(FileProblem) -> Value? {
            guard let member = object[key], !member.isNull else { return nil }
            guard let value = read(member) else { throw fail("\(key) is not \(wanted)") }
            return value
        }
        isSampled = try member("do_sample", "true or false") { if case .bool(let value) = $0 { value } else { nil } }
        temperature = try member("temperature", "a number of 0 or more") { value in
            value.doubleValue.map { Float($0) }.flatMap { $0 >= 0 && $0.isFinite ? $0 : nil }
        }
        // -1 stands for all in vLLM's settings, and in folders that are made for it.
        topK = try member("top_k", "a whole number of 0 or more, or -1") { value in
            value.intValue.flatMap { $0 >= -1 ? max(0, $0) : nil }
        }
        topP = try member("top_p", "a number above 0 and at most 1") { value in
            value.doubleValue.map { Float($0) }.flatMap { $0 > 0 && $0 <= 1 ? $0 : nil }
        }
        if isSampled == nil, temperature == nil, topK == nil, topP == nil { return nil }
    }

    /// Reads the `sampling` of a model file.
    package init?(parsing json: [UInt8], path: String) throws(FileProblem) {
        let value = try JSONValue(metadata: json, "the text of its sampling", path: path)
        try self.init(value, path: path, advice: "convert the model again with this version's rg-quant")
    }

    /// The object that ``init(parsing:path:)`` reads.
    package var json: JSONValue {
        var object = JSONObject()
        if let isSampled { object["do_sample"] = .bool(isSampled) }
        if let temperature { object["temperature"] = .real(temperature.decimal) }
        if let topK { object["top_k"] = .integer(Int64(topK)) }
        if let topP { object["top_p"] = .real(topP.decimal) }
        return .object(object)
    }
}
