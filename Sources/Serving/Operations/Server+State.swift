import HTTPServer
import JSON
import RGEdge
import System

extension Server {
    /// `GET /`: a page to chat with.
    func answerPage(_ call: Call) {
        let policy =
            "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; img-src data:; "
            + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        call.answer(
            PackageResources.page_html, type: "text/html; charset=utf-8",
            ["Content-Security-Policy": policy, "Referrer-Policy": "no-referrer", "Cache-Control": "no-cache"])
    }

    /// `GET /openapi.json`: what there is, for programs.
    func answerDescription(_ call: Call) { call.answer(PackageResources.openapi_json, type: "application/json") }

    /// `GET /health`: whether new requests are taken. Never waits for the model.
    func answerHealth(_ call: Call) throws(APIError) {
        if engine.isDraining { throw .draining }
        call.answer(["status": "ok"])
    }

    /// `GET /v1/models`
    func answerModels(_ call: Call) { call.answer(["object": "list", "data": [modelJSON]]) }

    /// `GET /v1/models/NAME`
    func answerModel(_ call: Call) throws(APIError) {
        let name = String(call.request.head.path.dropFirst("/v1/models/".count))
        guard name == identity.name || name == identity.name.percentEncoded else {
            throw APIError(
                status: 404, "there is no such model; this server has \(identity.name)", type: "not_found_error", param: "model",
                code: "model_not_found")
        }
        call.answer(modelJSON)
    }

    private var modelJSON: JSONValue {
        [
            "id": .string(identity.name), "object": "model", "created": .integer(identity.created), "owned_by": "rg-edge",
            "meta": [
                "n_vocab": .integer(Int64(model.configuration.vocabularySize)), "n_params": .integer(Int64(model.parameterCount)),
                "size": .integer(Int64(model.mappedBytes)), "chat": .bool(model.isInstructionTuned),
            ],
        ]
    }

    /// `GET /slots`: what the threads that answer are at, without any text.
    func answerSlots(_ call: Call) throws(APIError) {
        let progress = engine.workers.map(\.progress)
        if call.request.head.query.split(separator: "&").contains("fail_on_no_slot=1"), progress.allSatisfy({ $0 != nil }) {
            throw APIError(
                status: 503, "all answers that may be made at the same time are being made", type: "unavailable_error",
                code: "no_slot", retryAfter: engine.retryAfter)
        }
        call.answer(
            .array(
                zip(engine.workers, progress).map { worker, progress in
                    let generated = progress?.generatedTokens ?? 0
                    return [
                        // The state has a fixed size: there is no limit of the context, except that of readers with 32 bits.
                        "id": .integer(Int64(worker.number)), "n_ctx": .integer(Int64(Int32.max)),
                        "is_processing": .bool(progress != nil), "n_prompt_tokens": .integer(Int64(progress?.promptTokens ?? 0)),
                        "n_prompt_tokens_processed": .integer(Int64(progress?.processedTokens ?? 0)),
                        "next_token": [
                            [
                                "has_next_token": .bool(progress != nil), "n_decoded": .integer(Int64(generated)),
                                "n_remain": progress?.maxTokens.map { .integer(Int64($0 - generated)) } ?? -1,
                            ]
                        ],
                    ]
                }))
    }

    /// `GET /metrics`, for Prometheus.
    func answerMetrics(_ call: Call) {
        call.answer(Array(metrics.utf8), type: "text/plain; version=0.0.4; charset=utf-8")
    }
}

extension String {
    /// With `%` escapes for all but letters, digits and `-._~`.
    var percentEncoded: String {
        utf8.reduce(into: "") { text, byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
                text.unicodeScalars.append(Unicode.Scalar(byte))
            default: text += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }
    }
}
