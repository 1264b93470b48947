extension DecodingError {
    /// An error for a value that was read but makes no sense; `problem` is a clause that names it.
    static func senseless(_ problem: String, in decoder: any Decoder) -> DecodingError {
        .dataCorrupted(Context(codingPath: decoder.codingPath, debugDescription: problem))
    }
}
