import Glibc
import Text

extension Session {
    /// Feeds a prompt and generates an answer.
    ///
    /// BOS goes before the prompt at position 0. Control tokens written in the prompt are text. `onText` is called with each piece of text
    /// as soon as it is certain: whole characters, and nothing that may become a stop text; false stops. Bytes at the very end that make
    /// no character are left out.
    ///
    /// Afterwards the session has consumed prompt and answer, so that the next call continues the conversation. Throws, with nothing
    /// consumed, for options that make no sense and for a chat turn with a model that has no chat template.
    public func generate(
        _ prompt: String, options: GenerationOptions, onText: (String) -> Bool
    ) throws(ModelError) -> GenerationResult {
        if let problem = options.sampling.problem { throw ModelError(.argument, problem) }
        if let maxTokens = options.maxTokens, maxTokens < 0 {
            throw ModelError(.argument, "the number of tokens to make is \(maxTokens), not a number from 0 on")
        }
        guard !options.stop.contains("") else { throw ModelError(.argument, "an empty stop text would stop at once") }
        let tokens = try promptTokens(prompt, asChatTurn: options.asChatTurn)

        let start = Seconds.now
        try feed(tokens)
        isTurnOpen = options.asChatTurn
        let fed = Seconds.now
        var result = GenerationResult(
            finish: .length, promptTokens: tokens.count, generatedTokens: 0, prefillSeconds: fed - start, decodeSeconds: 0)
        result.finish = answer(options, count: &result.generatedTokens, onText: onText)
        result.decodeSeconds = Seconds.now - fed
        return result
    }

    /// Makes tokens until something ends the answer.
    private func answer(_ options: GenerationOptions, count: inout Int, onText: (String) -> Bool) -> Finish {
        var text = AnswerText(stop: options.stop)
        while count < options.maxTokens ?? .max {
            guard let logits = logits?.baseAddress else { return .length }
            let token = sampler.next(logits, recent: recent, position: position, options.sampling)
            if token == model.configuration.eos || token == model.configuration.endOfTurn {
                return text.finish(onText) ? .end : .cancelled
            }
            count += 1
            feed(token)
            guard text.append(token, model.tokenizer, onText) else { return .cancelled }
            if text.isStopped { return .stop }
        }
        return text.finish(onText) ? .length : .cancelled
    }

    /// The tokens to feed for a prompt at this position.
    private func promptTokens(_ prompt: String, asChatTurn: Bool) throws(ModelError) -> [UInt32] {
        let start = position == 0 ? [model.configuration.bos] : []
        guard asChatTurn else { return start + model.tokenizer.encode(prompt, controls: .asText) }
        guard let template = model.chatTemplate else {
            throw ModelError(.argument, "\(model.file.path): a base model, which has no chat template; prompt it with plain text")
        }
        // The token that ends a turn is not fed when the model chooses it, so a turn before this one is still open.
        return start + template.encode(user: prompt, after: isTurnOpen ? .cut : .none, with: model.tokenizer)
    }
}

/// The way from tokens to text: bytes to whole characters to what can't become a stop text any more.
private struct AnswerText {
    private var bytes: [UInt8] = []
    private var characters = UTF8Stream()
    private var matcher: StopMatcher

    init(stop: [String]) {
        matcher = StopMatcher(stops: stop)
        bytes.reserveCapacity(256)
    }

    /// True when a stop text has come.
    var isStopped: Bool { matcher.match != nil }

    /// Shows what a token makes certain; false if `onText` wants to stop.
    mutating func append(_ token: UInt32, _ tokenizer: Tokenizer, _ onText: (String) -> Bool) -> Bool {
        bytes.removeAll(keepingCapacity: true)
        tokenizer.append(bytesOf: token, to: &bytes)
        return show(matcher.append(characters.append(bytes)), onText)
    }

    /// Shows what was held back because it could have become a stop text.
    mutating func finish(_ onText: (String) -> Bool) -> Bool { show(matcher.finish(), onText) }

    private func show(_ text: String, _ onText: (String) -> Bool) -> Bool { text.isEmpty || onText(text) }
}

/// The monotonic clock.
private enum Seconds {
    static var now: Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }
}
