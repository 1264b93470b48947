// swift-format-ignore-file: AlwaysUseLowerCamelCase
import CRGEdge
import RGEdge

// The functions of `rg_edge.h` that tell how likely tokens are. Their documentation is there.

@c @implementation
public func rg_session_logprobs(
    _ session: OpaquePointer!, _ token: UInt32, _ logprob: UnsafeMutablePointer<Float>!,
    _ top: UnsafeMutablePointer<rg_token_logprob>!, _ top_count: Int
) -> rg_status {
    status { () throws(Failure) in
        let handle = try SessionHandle.of(session)
        let count = try buffer(UnsafePointer(top), top_count, "top").count
        let found = try failures(handle.session.logprobs(of: token, top: count))
        if let logprob { logprob.pointee = found.logprob }
        for index in 0..<count {
            top[index] = index < found.top.count ? rg_token_logprob(found.top[index]) : .none
        }
    }
}

extension rg_token_logprob {
    fileprivate init(_ likely: TokenLogprob) { self.init(token: likely.token, logprob: likely.logprob) }

    /// What stands where a vocabulary has no more tokens.
    fileprivate static var none: rg_token_logprob { rg_token_logprob(token: .max, logprob: -.infinity) }
}

extension AnswerToken {
    /// Calls the caller back with the token.
    func show(_ onToken: rg_on_token, _ user: UnsafeMutableRawPointer?) {
        withUnsafeTemporaryAllocation(of: rg_token_logprob.self, capacity: top.count) { likely in
            let end = likely.initialize(fromContentsOf: top.lazy.map { rg_token_logprob($0) })
            var info = rg_token_info(
                struct_size: MemoryLayout<rg_token_info>.size, token: token, logprob: logprob,
                top: UnsafePointer(likely.baseAddress), top_count: end)
            onToken(user, &info)
        }
    }
}
