import JSON
import System

extension Configuration {
    /// The value of `architecture`.
    static let architecture = "recurrent_gemma"

    /// Reads the `configuration` of a model file (`formats/rgq.md`, "Metadata"); keys that it doesn't know are skipped.
    ///
    /// The result has no ``problem``. Throws for a text that is not a JSON object, for another architecture, for a key that is
    /// missing or has a value of another kind, and for numbers that no model can have.
    /// `path` is the model file's, for what is thrown.
    package init(parsing json: [UInt8], path: String = "configuration") throws(FileProblem) {
        let fields = try ConfigurationFields(parsing: json, path: path)
        let architecture = try fields.string("architecture")
        guard architecture == Self.architecture else {
            throw fields.fail("architecture is not \"\(Self.architecture)\"")
        }
        self.init(
            vocabularySize: try fields.integer("vocabulary_size"),
            width: try fields.integer("width"),
            layerCount: try fields.integer("layer_count"),
            headCount: try fields.integer("head_count"),
            headDimension: try fields.integer("head_dimension"),
            recurrentWidth: try fields.integer("recurrent_width"),
            mlpWidth: try fields.integer("mlp_width"),
            window: try fields.integer("window"),
            blockPattern: try fields.blockPattern("block_pattern"),
            rotaryBase: try fields.real("rotary_base"),
            rotaryFraction: try fields.real("rotary_fraction"),
            normEpsilon: Float(try fields.real("norm_epsilon")),
            logitsSoftCap: Float(try fields.real("logits_soft_cap")),
            bos: try fields.token("bos"),
            eos: try fields.token("eos"),
            pad: try fields.token("pad"),
            endOfTurn: try fields.tokenOrNull("end_of_turn"))
        if let problem { throw fields.fail(problem) }
    }

    /// The configuration as ``init(parsing:path:)`` reads it.
    package func serialized() -> [UInt8] {
        let value: JSONValue = [
            "architecture": .string(Self.architecture),
            "vocabulary_size": .integer(Int64(vocabularySize)),
            "width": .integer(Int64(width)),
            "layer_count": .integer(Int64(layerCount)),
            "head_count": .integer(Int64(headCount)),
            "head_dimension": .integer(Int64(headDimension)),
            "recurrent_width": .integer(Int64(recurrentWidth)),
            "mlp_width": .integer(Int64(mlpWidth)),
            "window": .integer(Int64(window)),
            "block_pattern": .array(blockPattern.map { .string($0.rawValue) }),
            "rotary_base": .real(rotaryBase),
            "rotary_fraction": .real(rotaryFraction),
            "norm_epsilon": .real(normEpsilon.decimal),
            "logits_soft_cap": .real(logitsSoftCap.decimal),
            "bos": .integer(Int64(bos)),
            "eos": .integer(Int64(eos)),
            "pad": .integer(Int64(pad)),
            "end_of_turn": endOfTurn.map { .integer(Int64($0)) } ?? .null,
        ]
        return value.serialized()
    }
}

extension Float {
    /// The double that is written with the digits of this number: 1e-06, not 9.999999974752427e-07.
    package var decimal: Double { Double(description) ?? Double(self) }
}

/// Looks keys up in a configuration and says what is wrong with them. All are required.
private struct ConfigurationFields {
    private let object: JSONObject
    private let path: String

    init(parsing json: [UInt8], path: String) throws(FileProblem) {
        self.path = path
        let value = try JSONValue(metadata: json, "the text", path: path)
        guard let object = value.objectValue else { throw FileProblem.notRunnable(path, "the text is not a JSON object") }
        self.object = object
    }

    func fail(_ problem: String) -> FileProblem { .notRunnable(path, problem) }

    private func value(_ key: String) throws(FileProblem) -> JSONValue {
        guard let value = object[key] else { throw fail("there is no \"\(key)\"") }
        return value
    }

    func string(_ key: String) throws(FileProblem) -> String {
        guard let string = try value(key).stringValue else { throw fail("\(key) is not a string") }
        return string
    }

    func integer(_ key: String) throws(FileProblem) -> Int {
        guard let number = try value(key).intValue else { throw fail("\(key) is not a whole number") }
        return number
    }

    func real(_ key: String) throws(FileProblem) -> Double {
        guard let number = try value(key).doubleValue else { throw fail("\(key) is not a number") }
        return number
    }

    func token(_ key: String) throws(FileProblem) -> UInt32 {
        guard let token = UInt32(exactly: try integer(key)) else { throw fail("\(key) is not a token id") }
        return token
    }

    func tokenOrNull(_ key: String) throws(FileProblem) -> UInt32? {
        try value(key).isNull ? nil : token(key)
    }

    func blockPattern(_ key: String) throws(FileProblem) -> [Configuration.BlockKind] {
        let elements = try value(key).arrayValue ?? []
        let kinds = elements.compactMap { $0.stringValue.flatMap(Configuration.BlockKind.init) }
        guard !kinds.isEmpty, kinds.count == elements.count else {
            throw fail("\(key) is not a list of \"recurrent\" and \"attention\"")
        }
        return kinds
    }
}
