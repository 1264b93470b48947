/// A growing table of numbers. A pointer, and so without Swift's checks for each access of a class's array, which took a tenth of a
/// mask's time; used under the pool's lock, with indices that the pool made.
final class TransitionTable {
    private(set) var count = 0
    private var capacity = 1024
    /// Where the numbers are; the inner pointer changes as the table grows.
    private let start: UnsafeMutablePointer<UnsafeMutablePointer<Int32>>

    init() {
        start = .allocate(capacity: 1)
        start.initialize(to: .allocate(capacity: capacity))
    }

    deinit {
        start.pointee.deallocate()
        start.deallocate()
    }

    @inline(__always)
    subscript(index: Int) -> Int32 {
        get { start.pointee[index] }
        set { start.pointee[index] = newValue }
    }

    /// Bytes that it holds.
    var byteCount: Int { capacity * MemoryLayout<Int32>.stride }

    func append(repeating value: Int32, count added: Int) {
        if count + added > capacity {
            while count + added > capacity { capacity *= 2 }
            let larger = UnsafeMutablePointer<Int32>.allocate(capacity: capacity)
            larger.initialize(from: start.pointee, count: count)
            start.pointee.deallocate()
            start.pointee = larger
        }
        (start.pointee + count).initialize(repeating: value, count: added)
        count += added
    }
}
