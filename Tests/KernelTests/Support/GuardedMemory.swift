import Glibc

/// Memory whose end is the end of a page that is followed by one that nobody may touch: what reads or writes beyond the end is
/// killed. The bytes before the first element are known, so that what was written there shows.
///
/// The memory goes with the last reference: a test that passes pointers on says with ``keep(_:)`` how long it needs what they point
/// to.
final class GuardedMemory<Element: BitwiseCopyable> {
    let count: Int
    let pointer: UnsafeMutablePointer<Element>
    private let mapping: UnsafeMutableRawPointer
    private let mappedBytes: Int
    private static var canary: UInt8 { 0xA5 }

    init(_ elements: [Element]) {
        let pageBytes = Int(sysconf(Int32(_SC_PAGESIZE)))
        let bytes = elements.count * MemoryLayout<Element>.stride
        // At least one page before the elements.
        let usedBytes = (bytes + pageBytes - 1) / pageBytes * pageBytes + pageBytes
        count = elements.count
        mappedBytes = usedBytes + pageBytes
        mapping = mmap(nil, mappedBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        precondition(mapping != MAP_FAILED && mprotect(mapping + usedBytes, pageBytes, PROT_NONE) == 0, "no memory")
        memset(mapping, Int32(Self.canary), usedBytes)
        let first = mapping + (usedBytes - bytes)
        pointer = first.bindMemory(to: Element.self, capacity: count)
        for (index, element) in elements.enumerated() { pointer[index] = element }
    }

    convenience init(repeating element: Element, count: Int) { self.init([Element](repeating: element, count: count)) }

    var raw: UnsafeMutableRawPointer { UnsafeMutableRawPointer(pointer) }

    var elements: [Element] { Array(UnsafeBufferPointer(start: pointer, count: count)) }

    /// False if something was written before the first element.
    var isIntact: Bool {
        UnsafeRawBufferPointer(start: mapping, count: mapping.distance(to: raw)).allSatisfy { $0 == Self.canary }
    }

    deinit { munmap(mapping, mappedBytes) }
}

/// Keeps memory up to here.
func keep(_ memory: Any...) { withExtendedLifetime(memory) {} }
