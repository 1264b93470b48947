/// Scalars in UTF-8, byte by byte.
enum UTF8Ranges {
    /// The largest scalars of 1, 2, 3 and 4 bytes.
    private static let ends: [UInt32] = [0x7F, 0x7FF, 0xFFFF, 0x10FFFF]

    /// Sequences of byte ranges that together match the encodings of the scalars in a range without surrogates, each once.
    static func sequences(of range: ClosedRange<UInt32>) -> [[ClosedRange<UInt8>]] {
        var result: [[ClosedRange<UInt8>]] = []
        var pending = [range]
        while let range = pending.popLast() {
            let low = range.lowerBound, high = range.upperBound
            if let end = ends.first(where: { low <= $0 && high > $0 }) {
                pending += [end + 1...high, low...end]
            } else if let cut = cut(low, high) {
                pending += [cut...high, low...cut - 1]
            } else {
                result.append(zip(bytes(low), bytes(high)).map { $0...$1 })
            }
        }
        return result
    }

    /// Where a range has to be cut so that each byte of it runs independently of the others; nil if it does.
    private static func cut(_ low: UInt32, _ high: UInt32) -> UInt32? {
        guard high > 0x7F else { return nil }
        for bits: UInt32 in [6, 12, 18] {
            let mask = UInt32(1) << bits - 1
            guard low & ~mask != high & ~mask else { continue }
            if low & mask != 0 { return (low | mask) + 1 }
            if high & mask != mask { return high & ~mask }
        }
        return nil
    }

    /// The encoding of a scalar.
    static func bytes(_ value: UInt32) -> [UInt8] {
        guard value > 0x7F else { return [UInt8(value)] }
        let tail = { (bits: UInt32) in UInt8(0x80 | value >> bits & 0x3F) }
        if value <= 0x7FF { return [UInt8(0xC0 | value >> 6), tail(0)] }
        if value <= 0xFFFF { return [UInt8(0xE0 | value >> 12), tail(6), tail(0)] }
        return [UInt8(0xF0 | value >> 18), tail(12), tail(6), tail(0)]
    }
}
