import RGEdge
import Text

// What all APIs have in common on the way from a request to its answers.
extension Server {
    /// Throws for another model's name, if the server is to be strict.
    func checkModel(_ name: String?) throws(APIError) {
        guard options.isStrict, let name, !identity.isCalled(name) else { return }
        throw APIError(
            status: 404, "there is no model \"\(name.prefix(100))\"; this server has \(identity.name)", type: "not_found_error",
            param: "model", code: "model_not_found")
    }

    /// The most answers to a request, and the most logprobs of answers that are sent as a whole.
    private static let answerLimit = 64, logprobLimit = 65_536

    /// A request for answers to prompts. Throws for what makes no sense together, or a form that can't be made.
    func answerRequest(
        _ prompts: [AnswerRequest.Prompt], _ settings: AnswerSettings, _ call: Call, isStreamed: Bool
    ) throws(APIError) -> AnswerRequest {
        let most = min(settings.maxTokens ?? options.usualAnswerTokens, options.answerTokenLimit)
        let generation = GenerationOptions(
            sampling: settings.sampling, maxTokens: most, stop: settings.stop, logprobs: settings.logprobs)
        // Not kept while the request waits: many would take much memory.
        do throws(ModelError) { _ = try engine.constraint(of: settings.format) } catch {
            throw APIError(error, param: settings.formatParam)
        }
        if let problem = generation.problem { throw APIError(problem, code: "invalid_value") }
        let answers = prompts.count * settings.count
        guard answers <= Self.answerLimit else {
            throw APIError("\(answers) answers are asked for, more than \(Self.answerLimit); ask for fewer at once", param: "n")
        }
        if !isStreamed, let top = settings.logprobs, answers * most * (1 + top) > Self.logprobLimit {
            throw APIError(
                "the logprobs of up to \(answers * most) tokens would take too much memory at once; stream them, or ask for fewer "
                    + "tokens", param: "logprobs", code: "invalid_value")
        }
        return AnswerRequest(
            prompts: prompts, options: generation, format: settings.format, count: settings.count, hasSeed: settings.hasSeed,
            owner: call.owner,
            fingerprint: call.fingerprint, isRetry: call.isRetry)
    }

    /// A conversation as a prompt. `beginning` are instructions that it begins with, which others may begin with, too.
    func conversationPrompt(_ messages: [Message], beginning: String, param: String = "messages") throws(APIError)
        -> AnswerRequest.Prompt
    {
        // The model's own error would name its file, which is nobody's business here.
        guard model.isInstructionTuned else {
            throw APIError(
                "\(identity.name) is a base model, which knows no conversations; use /v1/completions", param: param,
                code: "unsupported_model")
        }
        var prompt: AnswerRequest.Prompt
        do throws(ModelError) {
            prompt = try engine.encoder.encode { encoder throws(ModelError) in
                var prompt = AnswerRequest.Prompt(
                    tokens: try model.encode(messages, with: encoder), source: .conversation(messages))
                if messages.count == 1, !beginning.isEmpty, prompt.tokens.count <= options.promptTokenLimit {
                    prompt.cut = try cut(prompt.tokens, after: beginning, with: encoder)
                }
                return prompt
            }
        } catch {
            throw APIError(error, param: param)
        }
        try checkLength(prompt.tokens, param: param)
        return prompt
    }

    /// Where conversations part that begin with the same instructions: whatever the next word is.
    private func cut(
        _ tokens: [UInt32], after beginning: String, with encoder: Tokenizer.Encoder
    ) throws(ModelError) -> Int {
        var cut = tokens.count
        for word in ["a", "1", "\u{1F642}"] {
            cut = min(cut, sharedCount(tokens, try model.encode([.user(Turns.folded([beginning], into: word))], with: encoder)))
        }
        return cut
    }

    /// A text, or tokens, as a prompt: `<bos>` goes first.
    func textPrompt(_ prompt: CompletionRequest.Prompt) throws(APIError) -> AnswerRequest.Prompt {
        let bos = model.configuration.bos
        switch prompt {
        case .text(let text):
            let tokens: [UInt32]
            do throws(ModelError) {
                tokens = [bos] + (try engine.encoder.encode { encoder throws(ModelError) in try model.encode(text, with: encoder) })
            } catch {
                throw APIError(error, param: "prompt")
            }
            try checkLength(tokens, param: "prompt")
            return AnswerRequest.Prompt(tokens: tokens, source: .text(text))
        case .tokens(let tokens):
            let all = tokens.first == bos ? tokens : [bos] + tokens
            try checkLength(all, param: "prompt")
            return AnswerRequest.Prompt(tokens: all, source: .tokens)
        }
    }

    /// Throws for more tokens than a prompt may have.
    func checkLength(_ tokens: [UInt32], param: String) throws(APIError) {
        guard tokens.count > options.promptTokenLimit else { return }
        throw APIError(
            "the prompt has \(tokens.count) tokens, more than the \(options.promptTokenLimit) that this server takes; send a "
                + "shorter one, or start the server with a larger --max-prompt-tokens", param: param,
            code: "context_length_exceeded")
    }
}
