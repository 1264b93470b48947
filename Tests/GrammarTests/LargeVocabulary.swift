import TestSupport

/// A vocabulary of the size and kind of Gemma's, made by chance: words of syllables with and without a space before them, numbers,
/// punctuation, quotation marks, runs of spaces, other scripts, single bytes.
enum LargeVocabulary {
    static func pieces(_ count: Int, seed: UInt64 = 11) -> [[UInt8]] {
        var random = RandomSource(seed: seed), seen: Set<[UInt8]> = [], pieces: [[UInt8]] = [[], [], [], []]
        func add(_ piece: [UInt8]) { if seen.insert(piece).inserted { pieces.append(piece) } }
        for byte in UInt8.min...UInt8.max { add([byte]) }
        for length in 2...31 { add([UInt8](repeating: 0x20, count: length)) }
        let letters = (0..<400).map { _ in
            (0..<Int.random(in: 1...3, using: &random)).map { _ in UInt8.random(in: 0x61...0x7A, using: &random) }
        }
        let others = (0..<3000).map { _ in
            Array(String(Unicode.Scalar(UInt32.random(in: 0x400...0x9FFF, using: &random)) ?? "é").utf8)
        }
        let ends = ["\"", "\",", "\":", ".", ",", "\n", "();", "'s", "1", "_", "-", "\\", "\\n"].map { Array($0.utf8) }
        // As in a real vocabulary, most pieces begin with a shorter one.
        while pieces.count < count {
            let kind = Int.random(in: 0..<10, using: &random)
            var piece: [UInt8] = Int.random(in: 0..<8, using: &random) == 0 ? [0x20] : []
            if piece.isEmpty, pieces.count > 2000 { piece = pieces[Int.random(in: 300..<pieces.count, using: &random)] }
            guard piece.count < 16 else { continue }
            piece += kind < 8 ? letters[Int.random(in: 0..<400, using: &random)] : others[Int.random(in: 0..<3000, using: &random)]
            if kind == 0 { piece += ends[Int.random(in: 0..<ends.count, using: &random)] }
            if kind == 1, let first = piece.first, first > 0x60 { piece[0] = first - 0x20 }
            add(piece)
        }
        return pieces
    }
}
