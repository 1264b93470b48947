import JSON
import RGEdge

/// Why a request is refused, or could not be answered: in the words and the members that OpenAI's clients read
/// (https://platform.openai.com/docs/guides/error-codes).
struct APIError: Error, Equatable {
    /// The status of the answer.
    var status: Int
    /// What is wrong, where, and what to do, in one sentence.
    var message: String
    /// OpenAI's word for the kind of error.
    var type: String
    /// The member of the request that is wrong, as a path; nil if it isn't one.
    var param: String?
    /// A word for programs; nil where the type says all.
    var code: String?
    /// Seconds after which another try may be worth it.
    var retryAfter: Int?
    /// The methods that a path is for, where another one was used.
    var allowed: String?

    init(
        status: Int = 400, _ message: String, type: String = "invalid_request_error", param: String? = nil, code: String? = nil,
        retryAfter: Int? = nil, allowed: String? = nil
    ) {
        self.status = status
        self.message = message
        self.type = type
        self.param = param
        self.code = code
        self.retryAfter = retryAfter
        self.allowed = allowed
    }

    /// OpenAI's shape, with all four members.
    var json: JSONValue {
        [
            "error": [
                "message": .string(message), "type": .string(type), "param": param.map(JSONValue.string) ?? .null,
                "code": code.map(JSONValue.string) ?? .null,
            ]
        ]
    }

    /// Ollama's shape.
    var ollamaJSON: JSONValue { ["error": .string(message)] }
}

extension APIError {
    static func missing(_ param: String, _ advice: String) -> APIError {
        APIError("\"\(param)\" is missing; \(advice)", param: param, code: "missing_required_parameter")
    }

    static func wrong(_ param: String, _ problem: String) -> APIError {
        APIError("\"\(param)\" \(problem)", param: param, code: "invalid_value")
    }

    /// A member that would change the answer, for which there is nothing here.
    static func unsupported(_ param: String, _ advice: String = "leave it out") -> APIError {
        APIError("\"\(param)\" is not supported here; \(advice)", param: param, code: "unsupported_parameter")
    }

    /// What the model, or a session, says.
    init(_ error: ModelError, param: String? = nil) {
        switch error.kind {
        case .argument: self.init(error.description, param: param, code: "invalid_value")
        case .memory:
            self.init(
                status: 503, error.description, type: "unavailable_error", param: nil, code: "out_of_memory", retryAfter: 10)
        default: self.init(status: 500, error.description, type: "server_error", param: nil, code: "model_error")
        }
    }

    /// The server is about to end.
    static let draining = APIError(
        status: 503, "the server is shutting down; ask another one, or this one again in a moment", type: "unavailable_error",
        code: "draining", retryAfter: 5)

    static func queueIsFull(retryAfter: Int) -> APIError {
        APIError(
            status: 429, "as many requests wait as may; try again in \(retryAfter) s", type: "rate_limit_error", code: "queue_full",
            retryAfter: retryAfter)
    }
}
