import JSON
import RGEdge
import Text

extension Server {
    /// `POST /tokenize`
    func answerTokenize(_ call: Call) throws(APIError) {
        let fields = try RequestBody.fields(call.request.body)
        guard let text = try Fields.first(fields.string("content"), fields.string("prompt")) else {
            throw .missing("content", "give a text")
        }
        let addsSpecial = try fields.bool("add_special") ?? false
        let parses = try fields.bool("parse_special") ?? false
        var tokens: [UInt32]
        do throws(ModelError) {
            tokens = try engine.encoder.encode { encoder throws(ModelError) in
                try model.encode(text, with: encoder, controls: parses ? .parsed : .asText)
            }
        } catch {
            throw APIError(error, param: "content")
        }
        try checkLength(tokens, param: "content")
        if addsSpecial { tokens.insert(model.configuration.bos, at: 0) }
        let withPieces = try fields.bool("with_pieces") ?? false
        call.answer([
            "tokens": .array(
                tokens.map { token in
                    let id = JSONValue.integer(Int64(token))
                    return withPieces ? ["id": id, "piece": piece(token)] : id
                })
        ])
    }

    /// A token's text, or its bytes where they are no text alone.
    private func piece(_ token: UInt32) -> JSONValue {
        if model.tokenizer.isControl(token) { return .string(model.tokenizer.piece(of: token)) }
        let bytes = model.tokenizer.decode(CollectionOfOne(token)), text = String(decoding: bytes, as: UTF8.self)
        return text.utf8.elementsEqual(bytes) ? .string(text) : .array(bytes.map { .integer(Int64($0)) })
    }

    /// `POST /detokenize`
    func answerDetokenize(_ call: Call) throws(APIError) {
        let fields = try RequestBody.fields(call.request.body)
        guard let array = try fields.array("tokens") else { throw .missing("tokens", "give an array of tokens") }
        let tokens = try CompletionRequest.tokens(array, model.configuration.vocabularySize, param: "tokens")
        call.answer(["content": .string(String(decoding: model.tokenizer.decode(tokens), as: UTF8.self))])
    }

    /// `POST /apply-template`
    func answerTemplate(_ call: Call) throws(APIError) {
        let fields = try RequestBody.fields(call.request.body)
        let request = try ChatRequest(fields, model)
        let prompt = try conversationPrompt(request.conversation, beginning: request.beginning)
        let text = prompt.tokens.reduce(into: [UInt8]()) { text, token in
            if model.tokenizer.isControl(token) {
                text += model.tokenizer.piece(of: token).utf8
            } else {
                model.tokenizer.append(bytesOf: token, to: &text)
            }
        }
        call.answer(["prompt": .string(String(decoding: text, as: UTF8.self))])
    }
}
