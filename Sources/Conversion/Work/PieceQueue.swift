import System

/// Pieces on their way from the threads that compute them, in any order, to the one that takes them, in order.
///
/// There are a few buffers more than threads, used in turn, so that a thread goes on while its last piece waits to be taken, and
/// stops when it is too far ahead.
final class PieceQueue<Value>: @unchecked Sendable {
    typealias Outcome = Result<Value, ConversionError>

    private let monitor = Monitor()
    private let pieceCount: Int
    private let buffers: [UnsafeMutableRawPointer]
    // Under the lock.
    private var outcomes: [Int: Outcome] = [:]
    private var nextToCompute = 0
    private var nextToTake = 0
    private var isStopped = false

    /// A queue for pieces of at most `pieceBytes`, computed by so many threads.
    init(pieceCount: Int, pieceBytes: Int, threads: Int) {
        self.pieceCount = pieceCount
        buffers = (0..<2 * threads).map { _ in .allocate(byteCount: pieceBytes, alignment: 64) }
    }

    deinit { for buffer in buffers { buffer.deallocate() } }

    /// Computes pieces until none is left or ``stop()`` is called: what each thread does.
    func compute(_ compute: (_ piece: Int, _ buffer: UnsafeMutableRawPointer) throws(ConversionError) -> Value) {
        while let piece = next() {
            let outcome = Outcome { () throws(ConversionError) in try compute(piece, buffer(of: piece)) }
            monitor.withLock {
                outcomes[piece] = outcome
                monitor.wakeAll()
            }
        }
    }

    /// Hands the pieces to `take` in order, as they are ready. Throws the error of the first piece, in order, that has one.
    func take(
        _ take: (_ piece: Int, _ bytes: UnsafeRawPointer, _ value: Value) throws(ConversionError) -> Void
    ) throws(ConversionError) {
        for piece in 0..<pieceCount {
            let value = try outcome(of: piece).get()
            try take(piece, UnsafeRawPointer(buffer(of: piece)), value)
            monitor.withLock {
                nextToTake = piece + 1
                monitor.wakeAll()
            }
        }
    }

    /// Lets the threads end after their current piece.
    func stop() {
        monitor.withLock {
            isStopped = true
            monitor.wakeAll()
        }
    }

    private func buffer(of piece: Int) -> UnsafeMutableRawPointer { buffers[piece % buffers.count] }

    /// The next piece to compute, when its buffer is free; nil at the end.
    private func next() -> Int? {
        monitor.withLock {
            let piece = nextToCompute
            nextToCompute += 1
            while !isStopped, piece < pieceCount, piece >= nextToTake + buffers.count { monitor.wait() }
            return isStopped || piece >= pieceCount ? nil : piece
        }
    }

    private func outcome(of piece: Int) -> Outcome {
        monitor.withLock {
            while true {
                if let outcome = outcomes.removeValue(forKey: piece) { return outcome }
                monitor.wait()
            }
        }
    }
}
