/// A value that is used by one thread at a time.
public final class Guarded<Value>: @unchecked Sendable {
    private let lock = Lock()
    private var value: Value

    /// A value that nobody uses yet.
    public init(_ value: Value) { self.value = value }

    /// Uses or changes the value while nobody else does. `body` must not call this again.
    public func withLock<Result, Failure: Error>(_ body: (inout Value) throws(Failure) -> Result) throws(Failure) -> Result {
        try lock.withLock { () throws(Failure) in try body(&value) }
    }
}
