import TestSupport

/// Changes inputs as strangers and broken disks do.
struct Mutator {
    private var random: RandomSource
    /// What parsers trip over.
    private static let fragments: [[UInt8]] = [
        Array(repeating: 0xFF, count: 8), Array(repeating: 0, count: 8), Array(repeating: 0x80, count: 9) + [1],
        Array("9223372036854775808".utf8), Array("-1".utf8), Array("1e999".utf8), Array("\"".utf8), Array("{".utf8),
        Array("[".utf8), Array("}".utf8), Array("\\ud800".utf8), Array("null".utf8), Array("{text}".utf8),
        Array("<start_of_turn>".utf8), Array("<end_of_turn>".utf8), Array("\u{1B}[".utf8), [0xFE, 0x00, 0xFE, 0x01],
        [0, 0, 0xC0, 0x7F], [0, 0, 0x80, 0x7F], [0xFF, 0xFF, 0x7F, 0x7F],
    ]

    init(seed: UInt64) { random = RandomSource(seed: seed) }

    /// An input with a few changes, of at most `largest` bytes.
    mutating func mutate(_ input: [UInt8], largest: Int) -> [UInt8] {
        var bytes = input
        for _ in 0..<Int.random(in: 1...4, using: &random) { change(&bytes) }
        return Array(bytes.prefix(largest))
    }

    private mutating func change(_ bytes: inout [UInt8]) {
        guard let place = bytes.indices.randomElement(using: &random) else {
            bytes = Self.fragments.randomElement(using: &random) ?? []
            return
        }
        let rest = place..<min(bytes.count, place + Int.random(in: 1...32, using: &random))
        switch Int.random(in: 0..<7, using: &random) {
        case 0: bytes[place] = UInt8.random(in: .min ... .max, using: &random)
        case 1: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 2: bytes.removeSubrange(rest)
        case 3: bytes.insert(contentsOf: bytes[rest], at: bytes.indices.randomElement(using: &random) ?? 0)
        case 4:
            let digit = UInt8(ascii: "0") + UInt8.random(in: 0..<10, using: &random)
            bytes[bytes[place...].firstIndex { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ?? place] = digit
        default:
            let fragment = Self.fragments.randomElement(using: &random) ?? []
            let end = Bool.random(using: &random) ? place : min(bytes.count, place + fragment.count)
            bytes.replaceSubrange(place..<end, with: fragment)
        }
    }
}
