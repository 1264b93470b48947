import CRGEdge
import Glibc

// What callers hand over, checked before it is used.

/// A required pointer.
func required<Pointer>(_ pointer: Pointer?, _ name: String) throws(Failure) -> Pointer {
    guard let pointer else { throw .null(name) }
    return pointer
}

/// `count` elements from `start` on, which may be NULL if there are none. Sizes beyond any memory arrive as negative numbers.
func buffer<Element>(
    _ start: UnsafePointer<Element>?, _ count: Int, _ name: String
) throws(Failure) -> UnsafeBufferPointer<Element> {
    guard (0...Int.max / MemoryLayout<Element>.stride).contains(count) else {
        throw .argument("\(UInt(bitPattern: count)) elements of \(name) are more than fit any memory; check the size")
    }
    guard count > 0 else { return UnsafeBufferPointer(start: nil, count: 0) }
    return UnsafeBufferPointer(start: try required(start, name), count: count)
}

/// A path, which ends with NUL.
func path(_ start: UnsafePointer<CChar>?, _ name: String = "path") throws(Failure) -> String {
    // More than any system opens, and less than a call may take without asking.
    let limit = 16 << 10
    guard strnlen(try required(start, name), limit + 1) <= limit else {
        throw .argument("\(name) has over \(limit) bytes; no file has such a name")
    }
    return try string(start, name)
}

/// A text that ends with NUL.
func string(_ start: UnsafePointer<CChar>?, _ name: String) throws(Failure) -> String {
    // Otherwise it would become another file's name, with U+FFFD in it.
    guard let string = String(validatingCString: try required(start, name)) else {
        throw .argument("\(name) is not UTF-8; give it in UTF-8")
    }
    return string
}

/// A buffer for a result whose size the caller may not know.
struct ResultBuffer<Element> {
    private let start: UnsafeMutablePointer<Element>?
    private let capacity: Int
    private let size: UnsafeMutablePointer<Int>
    private let name: String

    /// Without a capacity, `start` may be NULL: the call then asks for the size.
    init(
        _ start: UnsafeMutablePointer<Element>?, capacity: Int, size: UnsafeMutablePointer<Int>?, _ name: String, sizeName: String
    ) throws(Failure) {
        self.size = try required(size, sizeName)
        guard start != nil || capacity == 0 else { throw .null(name) }
        self.start = start
        // No buffer is larger; a caller that claims it must know that it suffices.
        self.capacity = capacity < 0 ? .max : capacity
        self.name = name
    }

    /// The buffer if it has room for `count` elements; reports the size otherwise.
    func room(for count: Int) throws(Failure) -> UnsafeMutableBufferPointer<Element> {
        guard count <= capacity else {
            size.pointee = count
            throw Failure(RG_ERROR_BUFFER, "\(name) has room for \(capacity), but \(count) are needed; give a larger buffer")
        }
        return UnsafeMutableBufferPointer(start: start, count: count)
    }

    /// Gives the result, after `first` if there is one.
    func fill(with elements: [Element], after first: Element? = nil) throws(Failure) {
        let count = elements.count + (first == nil ? 0 : 1)
        let room = try room(for: count)
        if let first { room[0] = first }
        _ = room.dropFirst(count - elements.count).update(fromContentsOf: elements)
        report(count)
    }

    /// Tells the size of the result.
    func report(_ count: Int) { size.pointee = count }
}
