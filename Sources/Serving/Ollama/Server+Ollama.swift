import JSON
import RGEdge

extension Server {
    /// `POST /api/chat`
    func answerOllamaChat(_ call: Call) throws(APIError) {
        let fields = try RequestBody.fields(call.request.body)
        let request = try OllamaChatRequest(fields, model)
        try checkModel(request.settings.model)
        let shape = OllamaShape(.chat, identity, hasLogprobs: request.settings.answer.logprobs != nil)
        guard let conversation = request.conversation else { return call.answer(shape.empty(unloads: request.settings.unloads)) }
        try deliverOllama(
            try conversationPrompt(conversation, beginning: request.beginning), request.settings, try call.withSession(fields),
            shape,
            mayCall: request.hasTools)
    }

    /// `POST /api/generate`
    func answerOllamaGenerate(_ call: Call) throws(APIError) {
        let fields = try RequestBody.fields(call.request.body)
        let request = try OllamaGenerateRequest(fields, model)
        try checkModel(request.settings.model)
        let shape = OllamaShape(.generate, identity, hasLogprobs: request.settings.answer.logprobs != nil)
        let prompt: AnswerRequest.Prompt
        switch request.prompt {
        case .none: return call.answer(shape.empty(unloads: request.settings.unloads))
        case .conversation(let messages, let beginning):
            prompt = try conversationPrompt(messages, beginning: beginning, param: "prompt")
        case .text(let text): prompt = try textPrompt(.text(text))
        }
        try deliverOllama(prompt, request.settings, try call.withSession(fields), shape, mayCall: false)
    }

    private func deliverOllama(
        _ prompt: AnswerRequest.Prompt, _ settings: OllamaSettings, _ call: Call, _ shape: OllamaShape, mayCall: Bool
    ) throws(APIError) {
        try deliver(
            try answerRequest([prompt], settings.answer, call, isStreamed: settings.isStreamed), call, shape: shape,
            isStreamed: settings.isStreamed, mayCall: mayCall)
    }
}
