import Kernels
import System

/// Work on the slices of a model by several threads. The result is the same for any number of threads.
struct SliceWork {
    /// The most threads accepted: more than any machine has cores for this.
    static let threadLimit = 1024

    private let threads: Int

    /// For `threads` threads; nil is one per physical core that this process may use. Throws for a number that is not possible.
    init(threads: Int?) throws(FileProblem) {
        self.threads = threads ?? ProcessorCount.usableCores
        guard (1...Self.threadLimit).contains(self.threads) else {
            throw FileProblem(
                .option, path: "--threads", problem: "\(self.threads) threads are not possible",
                advice: "give a number in 1…\(Self.threadLimit)")
        }
    }

    /// Computes the slices on the threads and hands them to `take` in order, on this thread, as they are ready.
    ///
    /// `worker` is called on each thread and returns what that thread computes its slices with. A slice gives up to `sliceBytes`
    /// bytes in a buffer, and a value. Throws what `take` throws, or the error of the first slice, in order, that has one.
    func run<Value>(
        _ slices: [Slice], sliceBytes: Int,
        worker: @escaping @Sendable () -> (_ slice: Slice, _ buffer: UnsafeMutableRawPointer) throws(FileProblem) -> Value,
        take: (_ slice: Slice, _ bytes: UnsafeRawPointer, _ value: Value) throws(FileProblem) -> Void
    ) throws(FileProblem) {
        let count = min(threads, slices.count)
        let queue = SliceQueue<Value>(sliceCount: slices.count, sliceBytes: sliceBytes, threads: count)
        let crew = (0..<count).compactMap { _ in
            Thread {
                let compute = worker()
                queue.compute { slice, buffer throws(FileProblem) in try compute(slices[slice], buffer) }
            }
        }
        defer {
            queue.stop()
            for thread in crew { thread.join() }
        }
        guard !crew.isEmpty else {
            throw FileProblem(
                .option, path: "--threads", problem: "no thread can be started",
                advice: "stop other programs, or raise \"ulimit -u\"")
        }
        try queue.take { slice, bytes, value throws(FileProblem) in try take(slices[slice], bytes, value) }
    }
}
