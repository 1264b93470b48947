// swift-format-ignore-file: AlwaysUseLowerCamelCase
import CRGEdge
import RGEdge

// The functions of `rg_edge.h`, "Session", except those that choose tokens. Their documentation is there.

@c @implementation
public func rg_session_create(_ model: OpaquePointer!, _ session: UnsafeMutablePointer<OpaquePointer?>!) -> rg_status {
    status { () throws(Failure) in
        let model = try ModelHandle.of(model).model
        let result = try required(session, "session")
        try Headroom.with(0, for: "for a session") { () throws(Failure) in
            let created = try failures(model.makeSession())
            result.pointee = SessionHandle.make(created)
        }
    }
}

@c @implementation
public func rg_session_destroy(_ session: OpaquePointer!) {
    guard let session else { return }
    Unmanaged<SessionHandle>.fromOpaque(UnsafeRawPointer(session)).release()
}

@c @implementation
public func rg_session_fork(_ session: OpaquePointer!, _ copy: UnsafeMutablePointer<OpaquePointer?>!) -> rg_status {
    status { () throws(Failure) in
        let result = try required(copy, "copy")
        try use(session) { session throws(Failure) in
            try Headroom.with(0, for: "for a session") { () throws(Failure) in
                let fork = try failures(session.fork())
                result.pointee = SessionHandle.make(fork)
            }
        }
    }
}

@c @implementation
public func rg_session_reset(_ session: OpaquePointer!) -> rg_status {
    status { () throws(Failure) in
        try use(session) { $0.reset() }
    }
}

@c @implementation
public func rg_session_position(_ session: OpaquePointer!) -> UInt64 {
    guard let handle = try? SessionHandle.of(session) else { return 0 }
    return UInt64(clamping: handle.session.position)
}

@c @implementation
public func rg_session_feed(_ session: OpaquePointer!, _ tokens: UnsafePointer<UInt32>!, _ count: Int) -> rg_status {
    status { () throws(Failure) in
        try use(session) { (session, handle) throws(Failure) in
            let tokens = try buffer(tokens, count, "tokens")
            // A short feed needs no way back, and must not wait for the system.
            let constrained = Constraint.growthBytes(under: session)
            guard tokens.count > Session.onePassTokens && session.position > 0 || constrained > 0 else {
                return try failures(session.feed(tokens, isCancelled: { handle.isCancelled }))
            }
            try Headroom.with(constrained, for: "for a way back from many tokens, or for a constraint") { () throws(Failure) in
                try failures(session.feed(tokens, isCancelled: { handle.isCancelled }))
            }
        }
    }
}

@c @implementation
public func rg_session_keep_turns(_ session: OpaquePointer!, _ count: UInt32) -> rg_status {
    status { () throws(Failure) in
        try use(session) { session throws(Failure) in
            // The last tokens of each turn are in an array of 16 KB, which Swift allocates.
            try Headroom.with(24 << 10, times: min(Int(count), Session.keptTurnLimit), for: "for turns to go back to") {
                () throws(Failure) in
                try failures(session.keepTurns(Int(count)))
            }
        }
    }
}

@c @implementation
public func rg_session_cancel(_ session: OpaquePointer!) {
    // Not by SessionHandle.of, whose error allocates.
    guard let session else { return }
    Unmanaged<SessionHandle>.fromOpaque(UnsafeRawPointer(session)).takeUnretainedValue().cancel()
}

@c @implementation
public func rg_session_logits(
    _ session: OpaquePointer!, _ logits: UnsafeMutablePointer<UnsafePointer<Float>?>!, _ count: UnsafeMutablePointer<Int>!
) -> rg_status {
    status { () throws(Failure) in
        let handle = try SessionHandle.of(session)
        let (logits, count) = (try required(logits, "logits"), try required(count, "count"))
        guard let current = handle.session.logits else { throw Failure(handle.session.noLogits) }
        logits.pointee = current.baseAddress
        count.pointee = current.count
    }
}
