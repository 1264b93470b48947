/// An input in parts, with a mark between each two, so that bytes can come into one and go from it while the others stay in place.
enum Sections {
    private static let mark: [UInt8] = [0xFE, 0x00, 0xFE, 0x01]

    /// The parts of an input: `count` of them, of which the last are empty if there are fewer, and the last has the rest if there
    /// are more.
    static func split(_ input: ArraySlice<UInt8>, _ count: Int) -> [ArraySlice<UInt8>] {
        var parts: [ArraySlice<UInt8>] = []
        var start = input.startIndex, place = start
        while parts.count < count - 1, place + mark.count <= input.endIndex {
            if input[place] == mark[0], input[place..<place + mark.count].elementsEqual(mark) {
                parts.append(input[start..<place])
                place += mark.count
                start = place
            } else {
                place += 1
            }
        }
        parts.append(input[start...])
        while parts.count < count { parts.append([]) }
        return parts
    }

    static func join(_ parts: [[UInt8]]) -> [UInt8] { Array(parts.joined(separator: mark)) }
}

extension Array where Element == UInt8 {
    /// Puts an integer in place of what is at `offset`, little-endian.
    mutating func put(_ value: some FixedWidthInteger, at offset: Int) {
        Swift.withUnsafeBytes(of: value.littleEndian) { bytes in replaceSubrange(offset..<offset + bytes.count, with: bytes) }
    }
}

extension ArraySlice where Element == UInt8 {
    /// The bytes, again and again, up to `count`; zeros if there are none.
    func repeated(to count: Int) -> [UInt8] {
        guard !isEmpty else { return [UInt8](repeating: 0, count: count) }
        var bytes = Array(prefix(count))
        bytes.reserveCapacity(count)
        while bytes.count < count { bytes += bytes.prefix(count - bytes.count) }
        return bytes
    }
}
