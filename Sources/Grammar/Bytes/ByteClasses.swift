/// Bytes sorted into classes, which are split until each set that was given is made of whole ones.
struct ByteClasses {
    /// The class of each byte.
    private(set) var classes = [UInt8](repeating: 0, count: 256)
    private var count = 1
    private var seen: Set<ByteSet> = []

    mutating func split(by set: ByteSet) {
        guard count < 256, seen.insert(set).inserted else { return }
        split { set.contains($0) ? 1 : 0 }
    }

    mutating func split(by other: [UInt8]) { split { other[Int($0)] } }

    private mutating func split(by key: (UInt8) -> UInt8) {
        var numbers: [Int: UInt8] = [:]
        for byte in UInt8.min...UInt8.max {
            let pair = Int(classes[Int(byte)]) << 8 | Int(key(byte))
            let number = numbers[pair] ?? UInt8(numbers.count)
            numbers[pair] = number
            classes[Int(byte)] = number
        }
        count = numbers.count
    }

    /// The bytes of each class.
    var bytes: [[UInt8]] {
        var bytes = [[UInt8]](repeating: [], count: count)
        for byte in UInt8.min...UInt8.max { bytes[Int(classes[Int(byte)])].append(byte) }
        return bytes
    }
}
