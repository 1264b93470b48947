import CLinux
import Glibc

/// A thread of the system that runs one function.
public struct Thread {
    private let handle: pthread_t

    /// Starts the thread; nil if the system has none left. `name`, of at most 15 bytes, is what debuggers and top(1) show.
    ///
    /// With `blocksSignals`, signals go to the other threads of the program, except SIGBUS, the signal of a mapped file that can't be
    /// read any more: if it is blocked, the kernel ends the process even if there is a handler.
    public init?(_ name: StaticString = "rg-edge", blocksSignals: Bool = false, _ body: @escaping @Sendable () -> Void) {
        var everySignal = sigset_t()
        var previous = sigset_t()
        if blocksSignals {
            sigfillset(&everySignal)
            sigdelset(&everySignal, SIGBUS)
            pthread_sigmask(SIG_SETMASK, &everySignal, &previous)
        }
        defer { if blocksSignals { pthread_sigmask(SIG_SETMASK, &previous, nil) } }

        var handle = pthread_t()
        let argument = Unmanaged.passRetained(Body(name: name, run: body))
        let result = pthread_create(
            &handle, nil,
            { argument in
                if let argument { Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().start() }
                return nil
            }, argument.toOpaque())
        guard result == 0 else {
            argument.release()
            return nil
        }
        self.handle = handle
    }

    /// Lets the thread go on by itself, and end by itself. To be called once, instead of ``join()``.
    public func detach() { pthread_detach(handle) }

    /// Waits until the function has returned. To be called once.
    public func join() { pthread_join(handle, nil) }

    private final class Body: Sendable {
        private let name: StaticString
        private let run: @Sendable () -> Void

        init(name: StaticString, run: @escaping @Sendable () -> Void) {
            self.name = name
            self.run = run
        }

        func start() {
            name.withUTF8Buffer { bytes in
                bytes.withMemoryRebound(to: CChar.self) { clinux_name_thread($0.baseAddress) }
            }
            run()
        }
    }
}
