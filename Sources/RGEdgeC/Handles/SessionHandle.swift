import CRGEdge
import RGEdge
import Synchronization

/// A session as C holds it: a retained reference to this.
final class SessionHandle: Sendable {
    /// Used by whoever has set ``isInUse``, except for its position and logits.
    nonisolated(unsafe) let session: Session
    private let isInUse = Atomic<Bool>(false)

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
        guard !isInUse.exchange(true, ordering: .acquiring) else {
            throw .argument("another call on this session is under way; wait until it returns, or fork the session before")
        }
        defer { isInUse.store(false, ordering: .releasing) }
        try body(session)
    }
}

/// Runs `body` with the session behind a handle, alone. It lives until then, even if a callback destroys the handle.
func use(_ pointer: OpaquePointer?, _ body: (Session) throws(Failure) -> Void) throws(Failure) {
    let handle = try SessionHandle.of(pointer)
    let retained = Unmanaged.passRetained(handle)
    defer { retained.release() }
    try handle.use(body)
}
