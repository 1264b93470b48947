import Quantization

/// Pieces on their way from the threads that compute them, in any order, to the one that writes them, in order.
///
/// There are a few buffers more than threads, used in turn, so that a thread goes on while its last piece waits to be written, and
/// stops when it is too far ahead.
final class PieceQueue: @unchecked Sendable {
    typealias Outcome = Result<ErrorFigures, ConversionError>

    private let monitor = Monitor()
    private let pieceCount: Int
    private let buffers: [UnsafeMutableRawPointer]
    // Under the lock.
    private var outcomes: [Int: Outcome] = [:]
    private var nextToCompute = 0
    private var nextToWrite = 0
    private var isStopped = false

    /// A queue for pieces of at most `pieceBytes`, computed by so many threads.
    init(pieceCount: Int, pieceBytes: Int, threads: Int) {
        self.pieceCount = pieceCount
        buffers = (0..<2 * threads).map { _ in .allocate(byteCount: pieceBytes, alignment: 64) }
    }

    deinit { for buffer in buffers { buffer.deallocate() } }

    /// Computes pieces until none is left or ``stop()`` is called: what each thread does.
    func compute(_ encode: (_ piece: Int, _ buffer: UnsafeMutableRawPointer) -> Outcome) {
        while let piece = take() {
            let outcome = encode(piece, buffer(of: piece))
            monitor.withLock {
                outcomes[piece] = outcome
                monitor.wakeAll()
            }
        }
    }

    /// Hands the pieces to `write` in order, as they are ready. Throws the error of the first piece, in order, that has one.
    func write(
        _ write: (_ piece: Int, _ bytes: UnsafeRawPointer, _ figures: ErrorFigures) throws(ConversionError) -> Void
    ) throws(ConversionError) {
        for piece in 0..<pieceCount {
            let figures = try outcome(of: piece).get()
            try write(piece, UnsafeRawPointer(buffer(of: piece)), figures)
            monitor.withLock {
                nextToWrite = piece + 1
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
    private func take() -> Int? {
        monitor.withLock {
            let piece = nextToCompute
            nextToCompute += 1
            while !isStopped, piece < pieceCount, piece >= nextToWrite + buffers.count { monitor.wait() }
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
