import JSON
import RGEdge

extension Server {
    /// `POST /v1/chat/completions`
    func answerChat(_ call: Call) throws(APIError) {
        let fields = try RequestBody.fields(call.request.body)
        let request = try ChatRequest(fields, model)
        try checkModel(request.model)
        let call = try call.withSession(fields)
        let prompt = try conversationPrompt(request.conversation, beginning: request.beginning)
        let shape = ChatShape(
            identity: AnswerIdentity("chatcmpl-", identity), hasLogprobs: request.settings.logprobs != nil,
            includesUsage: request.includesUsage)
        try deliver(
            try answerRequest([prompt], request.settings, call, isStreamed: request.isStreamed), call, shape: shape,
            isStreamed: request.isStreamed,
            mayCall: request.hasTools)
    }
}
