/// How SentencePiece writes a space: U+2581, LOWER ONE EIGHTH BLOCK.
enum Space {
    static let symbol: Unicode.Scalar = "\u{2581}"
    /// The symbol in UTF-8.
    static let utf8: [UInt8] = [0xE2, 0x96, 0x81]
}
