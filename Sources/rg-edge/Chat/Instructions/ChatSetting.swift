import RGEdge

/// What `/set` changes of how answers are made.
enum ChatSetting: String, CaseIterable {
    case temperature
    case topK = "top-k"
    case topP = "top-p"
    case minP = "min-p"
    case seed
    case maxTokens = "max-tokens"
    case repetitionPenalty = "repetition-penalty"
    case presencePenalty = "presence-penalty"
    case frequencyPenalty = "frequency-penalty"
    case repetitionWindow = "repetition-window"
    case logitBias = "logit-bias"

    /// Nil if there is no such name; Ollama's, with lines below, are known too.
    init?(name: String) {
        let name = String(name.lowercased().map { $0 == "_" ? "-" : $0 })
        self.init(rawValue: name == "temp" ? "temperature" : name)
    }

    /// What its value means, for people.
    private var meaning: String {
        switch self {
        case .temperature: "0: the likeliest token each time"
        case .topK: "so many of the likeliest tokens; 0: all"
        case .topP: "the likeliest, up to this probability; 1: all"
        case .minP: "at least this part of the likeliest's; 0: all"
        case .seed: "the same seed, the same answer; 'random'"
        case .maxTokens: "the most tokens of an answer; -1: no limit"
        case .repetitionPenalty: "above 1: repeats itself less; 1: off"
        case .presencePenalty: "off the logits of what was said; 0: off"
        case .frequencyPenalty: "the same each time that it was; 0: off"
        case .repetitionWindow: "the last tokens that penalties count"
        case .logitBias: "like 1234-inf 99+1; 'none'"
        }
    }

    /// Its value, as it is typed.
    private func value(in options: GenerationOptions) -> String {
        let sampling = options.sampling
        return switch self {
        case .temperature: sampling.temperature.description
        case .topK: sampling.topK.description
        case .topP: sampling.topP.description
        case .minP: sampling.minP.description
        case .seed: sampling.seed.description
        case .maxTokens: (options.maxTokens ?? -1).description
        case .repetitionPenalty: sampling.repetitionPenalty.description
        case .presencePenalty: sampling.presencePenalty.description
        case .frequencyPenalty: sampling.frequencyPenalty.description
        case .repetitionWindow: sampling.repetitionWindow.description
        case .logitBias:
            sampling.logitBias.isEmpty
                ? "none"
                : sampling.logitBias.sorted { $0.key < $1.key }
                    .map { "\($0.key)\($0.value < 0 ? "" : "+")\($0.value)" }.joined(separator: " ")
        }
    }

    /// Changes it. Throws, with nothing changed, for what is no value of it.
    func set(_ text: String, in options: inout GenerationOptions) throws(ChatInstruction.Mistake) {
        func fail(_ wanted: String) -> ChatInstruction.Mistake {
            ChatInstruction.Mistake(description: "/set \(rawValue) takes \(wanted), not \(text)")
        }
        func real() throws(ChatInstruction.Mistake) -> Float {
            guard let value = Float(text) else { throw fail("a number") }
            return value
        }
        func whole() throws(ChatInstruction.Mistake) -> Int {
            guard let value = Int(text) else { throw fail("a whole number") }
            return value
        }
        var changed = options
        switch self {
        case .temperature: changed.sampling.temperature = try real()
        case .topK: changed.sampling.topK = try whole()
        case .topP: changed.sampling.topP = try real()
        case .minP: changed.sampling.minP = try real()
        case .seed:
            // As for --seed, at most what a signed number holds.
            guard let seed = text == "random" ? Sampling.shortSeed() : UInt64(text), seed <= UInt64(Int64.max) else {
                throw fail("a number below 2^63, or 'random'")
            }
            changed.sampling.seed = seed
        case .maxTokens:
            let count = try whole()
            changed.maxTokens = count == -1 ? nil : count
        case .repetitionPenalty: changed.sampling.repetitionPenalty = try real()
        case .presencePenalty: changed.sampling.presencePenalty = try real()
        case .frequencyPenalty: changed.sampling.frequencyPenalty = try real()
        case .repetitionWindow: changed.sampling.repetitionWindow = try whole()
        case .logitBias:
            changed.sampling.logitBias = [:]
            for word in text.split(separator: " ") where text != "none" {
                guard let bias = LogitBias(argument: String(word)) else { throw fail("tokens like 1234-inf or 99+1, or 'none'") }
                guard changed.sampling.logitBias[bias.token] == nil else {
                    throw ChatInstruction.Mistake(description: "token \(bias.token) comes twice; give it one bias")
                }
                changed.sampling.logitBias[bias.token] = bias.value
            }
        }
        if let problem = changed.problem { throw ChatInstruction.Mistake(description: problem) }
        options = changed
    }

    /// One of them and its value, on a line.
    func line(_ options: GenerationOptions) -> String { "\(rawValue) \(value(in: options))" }

    /// All of them, on a line each.
    static func overview(_ options: GenerationOptions) -> String {
        func padded(_ text: String, _ width: Int) -> String {
            text + String(repeating: " ", count: max(0, width - text.count))
        }
        let name = allCases.map(\.rawValue.count).max() ?? 0
        let value = allCases.map { $0.value(in: options).count }.filter { $0 < 12 }.max() ?? 0
        return allCases.map { setting in
            "\(padded(setting.rawValue, name))  \(padded(setting.value(in: options), value))  \(setting.meaning)"
        }.joined(separator: "\n")
    }
}
