import JSON
import RGEdge

extension Server {
    /// `POST /v1/responses`
    func answerResponse(_ call: Call) throws(APIError) {
        let fields = try RequestBody.fields(call.request.body)
        let request = try ResponsesRequest(fields, model)
        try checkModel(request.model)
        let call = try call.withSession(fields)
        let prompt = try conversationPrompt(request.conversation, beginning: request.beginning, param: "input")
        let shape = ResponsesShape(
            AnswerIdentity("resp_", identity), echo: request.echo, hasLogprobs: request.settings.logprobs != nil)
        try deliver(
            try answerRequest([prompt], request.settings, call, isStreamed: request.isStreamed), call, shape: shape,
            isStreamed: request.isStreamed,
            mayCall: request.hasTools)
    }
}
