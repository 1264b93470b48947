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
        let sampling = Sampling(try SizedStruct.read(sampling, "sampling"))
        let result = try required(token, "token")
        try use(session) { session throws(Failure) in
            result.pointee = try failures(session.sample(sampling))
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
        let options: rg_generate_options = try SizedStruct.read(options, "options")
        let stopBytes = try options.stopBytes()
        let onText = try required(on_text, "on_text")
        if let result { try SizedStruct.check(result, "result") }
        try use(session) { (session, isCancelled) throws(Failure) in
            let templateBytes = options.as_chat_turn ? session.model.chatTemplate?.byteCount ?? 0 : 0
            let (more, overflow) = stopBytes.addingReportingOverflow(templateBytes)
            try withHeadroom(forText: prompt.count, and: overflow ? .max : more, of: session.model) { () throws(Failure) in
                let chosen = try GenerationOptions(options)
                let prompt = String(decoding: UnsafeRawBufferPointer(prompt), as: UTF8.self)
                var isStopped = false
                let generated = try session.orStay { session throws(ModelError) in
                    try session.generate(
                        prompt, options: chosen,
                        isCancelled: { isStopped || isCancelled() },
                        onProgress: { done, total in
                            guard !isStopped, let onProgress = options.on_progress else { return }
                            isStopped = !onProgress(user, done, total)
                        },
                        onText: { text in
                            var text = text
                            return text.withUTF8 { bytes in
                                bytes.withMemoryRebound(to: CChar.self) { onText(user, $0.baseAddress, $0.count) }
                            }
                        })
                }
                if let result { SizedStruct.write(to: result) { $0.describe(generated) } }
            }
        }
    }
}

extension Session {
    /// Generates by `body`; where that fails, the session is as before, even if the failure came after some tokens.
    fileprivate func orStay(
        _ body: (Session) throws(ModelError) -> GenerationResult
    ) throws(Failure) -> GenerationResult {
        // Going back to the start costs nothing.
        let before = position == 0 ? nil : try failures(snapshot())
        do throws(ModelError) {
            return try body(self)
        } catch {
            if let before {
                try failures(restore(before))
            } else {
                reset()
            }
            throw Failure(error)
        }
    }
}

extension Sampling {
    fileprivate init(_ sampling: rg_sampling) {
        self.init(
            temperature: sampling.temperature, topK: Int(sampling.top_k), topP: sampling.top_p, minP: sampling.min_p,
            repetitionPenalty: sampling.repetition_penalty, repetitionWindow: Int(sampling.repetition_window), seed: sampling.seed)
    }

    /// That inside another struct, which can't grow.
    fileprivate init(_ sampling: rg_sampling_v1) throws(Failure) {
        let size = MemoryLayout<rg_sampling_v1>.stride
        guard sampling.struct_size == size else {
            throw Failure(
                RG_ERROR_VERSION,
                "struct_size of options.sampling is \(UInt(bitPattern: sampling.struct_size)), not \(size); "
                    + "begin with RG_GENERATE_OPTIONS_INIT")
        }
        self.init(
            temperature: sampling.temperature, topK: Int(sampling.top_k), topP: sampling.top_p, minP: sampling.min_p,
            repetitionPenalty: sampling.repetition_penalty, repetitionWindow: Int(sampling.repetition_window), seed: sampling.seed)
    }
}

extension GenerationOptions {
    fileprivate init(_ options: rg_generate_options) throws(Failure) {
        let sampling =
            if let pointer = options.sampling_at {
                Sampling(try SizedStruct.read(pointer, "sampling_at"))
            } else {
                try Sampling(options.sampling)
            }
        var stop: [String] = []
        for text in try buffer(options.stop, options.stop_count, "stop") { stop.append(try string(text, "a stop string")) }
        self.init(
            sampling: sampling, maxTokens: options.max_tokens == 0 ? nil : Int(options.max_tokens), stop: stop,
            asChatTurn: options.as_chat_turn)
    }
}

extension rg_generate_options {
    /// Bytes that all stop strings take, each with its overhead.
    fileprivate func stopBytes() throws(Failure) -> Int {
        let overhead = 64
        var total = 0
        for text in try buffer(stop, stop_count, "stop") {
            let (sum, overflow) = total.addingReportingOverflow(strlen(try required(text, "a stop string")) + overhead)
            total = overflow ? .max : sum
        }
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
    }
}
