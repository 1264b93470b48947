import JSON
import Version

extension Server {
    private var ollamaModel: OllamaModel {
        OllamaModel(model: model, identity: identity, contextLength: options.promptTokenLimit)
    }

    /// `GET /api/tags`: the models that there are.
    func answerOllamaTags(_ call: Call) { call.answer(["models": [ollamaModel.listed]]) }

    /// `GET /api/ps`: those that are in memory.
    func answerOllamaProcesses(_ call: Call) { call.answer(["models": [ollamaModel.running]]) }

    /// `GET /api/version`
    func answerOllamaVersion(_ call: Call) {
        call.answer(["version": .string(OllamaModel.version), "rg_edge": .string(projectVersion)])
    }

    /// `POST /api/show`
    func answerOllamaShow(_ call: Call) throws(APIError) {
        let fields = try RequestBody.fields(call.request.body)
        guard let name = try Fields.first(fields.string("model"), fields.string("name")), !name.isEmpty else {
            throw APIError("model is required", param: "model")
        }
        guard identity.isCalled(name) else {
            throw APIError(
                status: 404, "model '\(name.prefix(100))' not found; this server has \(identity.ollamaName)",
                type: "not_found_error", param: "model", code: "model_not_found")
        }
        call.answer(ollamaModel.shown)
    }
}
