import HTTPServer
import JSON

/// A request on its way to an answer.
struct Call: Sendable {
    let request: HTTPRequest
    let exchange: HTTPExchange
    let owner: Owner
    /// Fields that every answer to it has.
    var head: HTTPFields
    let figures: Figures

    /// Answers with a JSON text.
    func answer(_ value: JSONValue, status: Int = 200) { send(.json(status, value, head)) }

    /// Answers with an error.
    func fail(_ error: APIError) {
        let isOllama = request.head.path.hasPrefix("/api/")
        send(.error(error, body: isOllama ? error.ollamaJSON : error.json, head))
    }

    /// Answers with a text of some type.
    func answer(_ body: [UInt8], type: String, _ more: HTTPFields = [:]) {
        var fields = head
        fields.append("Content-Type", type)
        for field in more.fields { fields.append(field.name, field.value) }
        send(HTTPAnswer(status: 200, fields: fields, body: body))
    }

    private func send(_ answer: HTTPAnswer) {
        figures.noteStatus(answer.status)
        exchange.answer(answer)
    }
}
