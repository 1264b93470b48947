import CRGEdge
import RGEdge
import Synchronization

/// A session as C holds it: a retained reference to this.
final class SessionHandle: Sendable {
    /// Used by whoever has taken ``state``, except for its position and logits.
    nonisolated(unsafe) let session: Session
    private let state = Atomic<UInt8>(Use.none)

    /// What goes on with the session.
    private enum Use {
        static let none: UInt8 = 0
        static let call: UInt8 = 1
        /// A call that is to stop.
        static let stoppedCall: UInt8 = 2
    }

    init(_ session: Session) { self.session = session }

    /// The object behind a handle.
    static func of(_ pointer: OpaquePointer?) throws(Failure) -> SessionHandle {
        Unmanaged.fromOpaque(UnsafeRawPointer(try required(pointer, "session"))).takeUnretainedValue()
    }

    /// A handle for a new session.
    static func make(_ session: Session) -> OpaquePointer {
        OpaquePointer(Unmanaged.passRetained(SessionHandle(session)).toOpaque())
    }

    /// Runs `body` alone. Throws if a call is under way on the session already: in another thread, or one whose callback this is.
    func use(_ body: (Session) throws(Failure) -> Void) throws(Failure) {
        try beginUse()
        defer { endUse() }
        try body(session)
    }

    /// Begins what only one call may do at a time; ``endUse()`` must follow.
    private func beginUse() throws(Failure) {
        guard state.compareExchange(expected: Use.none, desired: Use.call, ordering: .acquiring).exchanged else {
            throw .argument("another call on this session is under way; wait until it returns, or fork the session before")
        }
    }

    private func endUse() { state.store(Use.none, ordering: .releasing) }

    /// Runs `body` with several sessions alone. Throws if one of them is in use, or there twice.
    static func use(_ handles: [SessionHandle], _ body: () throws(Failure) -> Void) throws(Failure) {
        var begun = 0
        defer { for handle in handles.prefix(begun) { handle.endUse() } }
        for handle in handles {
            try handle.beginUse()
            begun += 1
        }
        try body()
    }

    /// Has the call that is under way stop, if there is one: a later call doesn't see it. Takes no lock and allocates nothing, for
    /// signal handlers.
    func cancel() { _ = state.compareExchange(expected: Use.call, desired: Use.stoppedCall, ordering: .relaxed) }

    /// True if the call that is under way is to stop.
    var isCancelled: Bool { state.load(ordering: .relaxed) == Use.stoppedCall }
}

/// Runs `body` with the session behind a handle, alone. It lives until then, even if a callback destroys the handle.
func use(_ pointer: OpaquePointer?, _ body: (Session) throws(Failure) -> Void) throws(Failure) {
    try use(pointer) { (session, _) throws(Failure) in try body(session) }
}

/// The same for a call that can be stopped, as its handle says.
func use(_ pointer: OpaquePointer?, _ body: (Session, SessionHandle) throws(Failure) -> Void) throws(Failure) {
    let handle = try SessionHandle.of(pointer)
    let retained = Unmanaged.passRetained(handle)
    defer { retained.release() }
    try handle.use { session throws(Failure) in try body(session, handle) }
}
