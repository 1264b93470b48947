import JSON
import RGEdge

/// All endpoints. Each is a function of its own, in an extension of ``Server``.
enum Endpoints {
    /// Those whose requests wait for an answer to be made.
    static let generating: Set<String> = [
        "/v1/chat/completions", "/chat/completions", "/v1/completions", "/completions", "/v1/responses", "/responses",
        "/api/chat", "/api/generate",
    ]

    static func add(to router: inout Router) {
        router.get("/") { server, call throws(APIError) in server.answerPage(call) }
        router.get("/openapi.json") { server, call throws(APIError) in server.answerDescription(call) }
        router.get("/health", "/v1/health") { server, call throws(APIError) in try server.answerHealth(call) }
        router.get("/metrics") { server, call throws(APIError) in server.answerMetrics(call) }
        router.get("/slots") { server, call throws(APIError) in try server.answerSlots(call) }
        router.get("/v1/models", "/models") { server, call throws(APIError) in server.answerModels(call) }
        router.get("/v1/models/") { server, call throws(APIError) in try server.answerModel(call) }
        router.post("/v1/chat/completions", "/chat/completions") { server, call throws(APIError) in
            try server.answerChat(call)
        }
        router.post("/v1/completions", "/completions") { server, call throws(APIError) in try server.answerCompletion(call) }
        router.post("/v1/responses", "/responses") { server, call throws(APIError) in try server.answerResponse(call) }
        router.post("/tokenize") { server, call throws(APIError) in try server.answerTokenize(call) }
        router.post("/detokenize") { server, call throws(APIError) in try server.answerDetokenize(call) }
        router.post("/apply-template") { server, call throws(APIError) in try server.answerTemplate(call) }
        router.post("/api/chat") { server, call throws(APIError) in try server.answerOllamaChat(call) }
        router.post("/api/generate") { server, call throws(APIError) in try server.answerOllamaGenerate(call) }
        router.post("/api/show") { server, call throws(APIError) in try server.answerOllamaShow(call) }
        router.get("/api/tags") { server, call throws(APIError) in server.answerOllamaTags(call) }
        router.get("/api/ps") { server, call throws(APIError) in server.answerOllamaProcesses(call) }
        router.get("/api/version") { server, call throws(APIError) in server.answerOllamaVersion(call) }
    }
}
