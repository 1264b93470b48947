import JSON
import RGEdge
import Text

extension Server {
    /// `POST /v1/completions`
    func answerCompletion(_ call: Call) throws(APIError) {
        let fields = try RequestBody.fields(call.request.body)
        let request = try CompletionRequest(fields, model)
        try checkModel(request.model)
        let call = try call.withSession(fields)
        let prompts = try request.prompts.map { prompt throws(APIError) in try textPrompt(prompt) }
        let echoes = request.prompts.flatMap { prompt in
            [String](repeating: request.echo ? text(of: prompt) : "", count: request.settings.count)
        }
        let shape = CompletionShape(
            AnswerIdentity("cmpl-", identity), hasLogprobs: request.settings.logprobs != nil, includesUsage: request.includesUsage,
            echoes: echoes)
        try deliver(
            try answerRequest(prompts, request.settings, call, isStreamed: request.isStreamed), call, shape: shape,
            isStreamed: request.isStreamed, mayCall: false)
    }

    private func text(of prompt: CompletionRequest.Prompt) -> String {
        switch prompt {
        case .text(let text): text
        case .tokens(let tokens): String(decoding: model.tokenizer.decode(tokens), as: UTF8.self)
        }
    }
}
