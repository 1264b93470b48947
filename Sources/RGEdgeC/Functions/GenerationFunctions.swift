// swift-format-ignore-file: AlwaysUseLowerCamelCase
import CRGEdge
import Glibc
import RGEdge
import System

// The functions of `rg_edge.h` that choose tokens. Their documentation is there.

@c @implementation
public func rg_session_sample(
    _ session: OpaquePointer!, _ sampling: UnsafePointer<rg_sampling>!, _ token: UnsafeMutablePointer<UInt32>!
) -> rg_status {
    status { () throws(Failure) in
        let sampling = try CallerSampling(sampling, "sampling")
        let result = try required(token, "token")
        try use(session) { session throws(Failure) in
            try Constraint.withHeadroom(under: session) { () throws(Failure) in
                try sampling.withCopy { sampling throws(Failure) in result.pointee = try failures(session.sample(sampling)) }
            }
        }
    }
}

@c @implementation
public func rg_session_generate(
    _ session: OpaquePointer!, _ prompt: UnsafePointer<CChar>!, _ length: Int, _ options: UnsafePointer<rg_generate_options>!,
    _ on_text: rg_on_text!, _ user: UnsafeMutableRawPointer!, _ result: UnsafeMutablePointer<rg_generate_result>!
) -> rg_status {
    status { () throws(Failure) in
        let prompt = try buffer(prompt, length, "prompt")
        let call = try GenerationCall(options, on_text, user, result)
        try use(session) { (session, handle) throws(Failure) in
            let templateBytes = call.options.as_chat_turn ? session.model.chatTemplate?.byteCount ?? 0 : 0
            try call.run(handle, textBytes: prompt.count, overhead: templateBytes) {
                (options, isCancelled, onProgress, onPiece) throws(ModelError) in
                try session.generatePieces(
                    String(decoding: UnsafeRawBufferPointer(prompt), as: UTF8.self), options: options, isCancelled: isCancelled,
                    onProgress: onProgress, onPiece: onPiece)
            }
        }
    }
}

@c @implementation
public func rg_session_generate_messages(
    _ session: OpaquePointer!, _ messages: UnsafePointer<rg_message>!, _ message_count: Int,
    _ options: UnsafePointer<rg_generate_options>!, _ on_text: rg_on_text!, _ user: UnsafeMutableRawPointer!,
    _ result: UnsafeMutablePointer<rg_generate_result>!
) -> rg_status {
    status { () throws(Failure) in
        let call = try GenerationCall(options, on_text, user, result)
        try use(session) { (session, handle) throws(Failure) in
            let messages = try CallerMessages(messages, message_count, of: session.model)
            try call.run(handle, textBytes: messages.textBytes, overhead: messages.overhead) {
                (options, isCancelled, onProgress, onPiece) throws(ModelError) in
                try session.generatePieces(
                    messages: messages.copies, options: options, isCancelled: isCancelled, onProgress: onProgress, onPiece: onPiece)
            }
        }
    }
}

/// What the functions that generate are given, checked.
private struct GenerationCall {
    let options: rg_generate_options
    private let sampling: CallerSampling
    /// What the options are in bytes of text.
    private let textBytes: Int
    private let onText: rg_on_text
    private let user: UnsafeMutableRawPointer?
    private let result: UnsafeMutablePointer<rg_generate_result>?

    init(
        _ options: UnsafePointer<rg_generate_options>?, _ onText: rg_on_text?, _ user: UnsafeMutableRawPointer?,
        _ result: UnsafeMutablePointer<rg_generate_result>?
    ) throws(Failure) {
        self.options = try SizedStruct.read(options, "options")
        sampling =
            if let at = self.options.sampling_at {
                try CallerSampling(at, "sampling_at")
            } else {
                try CallerSampling(self.options.sampling)
            }
        guard self.options.on_token != nil || self.options.top_logprobs == 0 else {
            throw .argument("top_logprobs is for on_token, which is NULL; give both or none")
        }
        textBytes = try self.options.textBytes(sampling)
        self.onText = try required(onText, "on_text")
        self.user = user
        self.result = result
        if let result { try SizedStruct.check(result, "result") }
    }

    /// Generates by `body`, which calls the caller back, with memory for texts of `textBytes` and `overhead`.
    func run(
        _ handle: SessionHandle, textBytes: Int, overhead: Int,
        _ body: (
            _ options: GenerationOptions, _ isCancelled: () -> Bool, _ onProgress: (_ done: Int, _ total: Int) -> Void,
            _ onPiece: (AnswerPiece) -> Bool
        ) throws(ModelError) -> GenerationResult
    ) throws(Failure) {
        let model = handle.session.model, constrained = options.constraint == nil ? 0 : Constraint.growthBytes(of: model)
        let (more, overflow) = self.textBytes.addingReportingOverflow(overhead)
        try withHeadroom(forText: textBytes, and: overflow ? .max : more, others: constrained, of: model) { () throws(Failure) in
            let chosen = try GenerationOptions(options, sampling.copy())
            var isStopped = false
            let generated = try handle.session.orStay { () throws(ModelError) in
                try body(
                    chosen, { isStopped || handle.isCancelled },
                    { done, total in
                        guard !isStopped, let onProgress = options.on_progress else { return }
                        isStopped = !onProgress(user, done, total)
                    },
                    { piece in
                        if let onToken = options.on_token { for token in piece.tokens { token.show(onToken, user) } }
                        var text = piece.text
                        return text.isEmpty
                            || text.withUTF8 { bytes in
                                bytes.withMemoryRebound(to: CChar.self) { onText(user, $0.baseAddress, $0.count) }
                            }
                    })
            }
            if let result { SizedStruct.write(to: result) { $0.describe(generated) } }
        }
    }
}

extension Session {
    /// Generates by `body`; where that fails, the session is as before, even if the failure came after some tokens.
    fileprivate func orStay(_ body: () throws(ModelError) -> GenerationResult) throws(Failure) -> GenerationResult {
        // Going back to the start costs nothing.
        let before = position == 0 ? nil : try failures(snapshot()), constraint = constraint
        do throws(ModelError) {
            return try body()
        } catch {
            if let before {
                try failures(restore(before))
            } else {
                reset()
                // It was at its beginning, too.
                try failures(constrain(by: constraint))
            }
            throw Failure(error)
        }
    }
}

extension GenerationOptions {
    fileprivate init(_ options: rg_generate_options, _ sampling: Sampling) throws(Failure) {
        var stop: [String] = []
        for text in try buffer(options.stop, options.stop_count, "stop") { stop.append(try string(text, "a stop string")) }
        self.init(
            sampling: sampling, maxTokens: options.max_tokens == 0 ? nil : Int(options.max_tokens), stop: stop,
            asChatTurn: options.as_chat_turn,
            logprobs: options.on_token == nil ? nil : Int(clamping: UInt(bitPattern: options.top_logprobs)),
            constraint: Constraint.of(options.constraint))
    }
}

extension rg_generate_options {
    /// What the options take, in bytes of text that take as much: all stop strings, each with its overhead, the copy of `sampling`,
    /// and the tokens that wait for their text.
    fileprivate func textBytes(_ sampling: CallerSampling) throws(Failure) -> Int {
        let overhead = 64
        var total = 0
        func add(_ count: Int) {
            let (sum, overflow) = total.addingReportingOverflow(count)
            total = overflow ? .max : sum
        }
        for text in try buffer(stop, stop_count, "stop") {
            add(strlen(try required(text, "a stop string")))
            add(overhead)
        }
        // So many tokens wait at most, each with up to twenty likely ones.
        if on_token != nil {
            add(1024)
            let (bytes, overflow) = total.multipliedReportingOverflow(by: 8)
            total = overflow ? .max : bytes
        }
        add(sampling.byteCount / bytesPerTextByte + 1)
        return total
    }
}

extension rg_generate_result {
    fileprivate mutating func describe(_ result: GenerationResult) {
        finish =
            switch result.finish {
            case .end: RG_FINISH_END
            case .length: RG_FINISH_LENGTH
            case .stop: RG_FINISH_STOP
            case .cancelled: RG_FINISH_CANCELLED
            }
        prompt_tokens = UInt32(clamping: result.promptTokens)
        generated_tokens = UInt32(clamping: result.generatedTokens)
        prefill_seconds = result.prefillTime.seconds
        decode_seconds = result.decodeTime.seconds
        reused_tokens = UInt64(clamping: result.reusedTokens)
        forced_tokens = UInt64(clamping: result.forcedTokens)
    }
}
