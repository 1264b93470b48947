import System

/// Slices on their way from the threads that compute them, in any order, to the one that takes them, in order.
///
/// There are a few more buffers than threads, used in turn, so that a thread goes on while its last slice waits to be taken, and
/// stops when it is too far ahead.
final class SliceQueue<Value>: @unchecked Sendable {
    typealias Outcome = Result<Value, FileProblem>

    private let monitor = Monitor()
    private let sliceCount: Int
    private let buffers: [UnsafeMutableRawPointer]
    // Under the lock.
    private var outcomes: [Int: Outcome] = [:]
    private var nextToCompute = 0
    private var nextToTake = 0
    private var isStopped = false

    /// A queue for slices of at most `sliceBytes`, computed by `threads` threads.
    init(sliceCount: Int, sliceBytes: Int, threads: Int) {
        self.sliceCount = sliceCount
        buffers = (0..<2 * threads).map { _ in .allocate(byteCount: sliceBytes, alignment: 64) }
    }

    deinit { for buffer in buffers { buffer.deallocate() } }

    /// Computes slices until none is left or ``stop()`` is called: what each thread does.
    func compute(_ compute: (_ slice: Int, _ buffer: UnsafeMutableRawPointer) throws(FileProblem) -> Value) {
        while let slice = next() {
            let outcome = Outcome { () throws(FileProblem) in try compute(slice, buffer(of: slice)) }
            monitor.withLock {
                outcomes[slice] = outcome
                monitor.wakeAll()
            }
        }
    }

    /// Hands the slices to `take` in order, as they are ready. Throws the error of the first slice, in order, that has one.
    func take(
        _ take: (_ slice: Int, _ bytes: UnsafeRawPointer, _ value: Value) throws(FileProblem) -> Void
    ) throws(FileProblem) {
        for slice in 0..<sliceCount {
            let value = try outcome(of: slice).get()
            try take(slice, UnsafeRawPointer(buffer(of: slice)), value)
            monitor.withLock {
                nextToTake = slice + 1
                monitor.wakeAll()
            }
        }
    }

    /// Lets the threads end after their current slice.
    func stop() {
        monitor.withLock {
            isStopped = true
            monitor.wakeAll()
        }
    }

    private func buffer(of slice: Int) -> UnsafeMutableRawPointer { buffers[slice % buffers.count] }

    /// The next slice to compute, when its buffer is free; nil at the end.
    private func next() -> Int? {
        monitor.withLock {
            let slice = nextToCompute
            nextToCompute += 1
            while !isStopped, slice < sliceCount, slice >= nextToTake + buffers.count { monitor.wait() }
            return isStopped || slice >= sliceCount ? nil : slice
        }
    }

    private func outcome(of slice: Int) -> Outcome {
        monitor.withLock {
            while true {
                if let outcome = outcomes.removeValue(forKey: slice) { return outcome }
                monitor.wait()
            }
        }
    }
}
