extension String {
    /// The text without white space at its ends, as the models' own templates trim it: Jinja's `trim`, which is Python's
    /// `str.strip()`.
    ///
    /// Scalar by scalar: if a combining mark or a joiner forms one character with white space, the mark stays.
    package var trimmed: String {
        guard let first = unicodeScalars.firstIndex(where: { !$0.isPythonSpace }),
            let last = unicodeScalars.lastIndex(where: { !$0.isPythonSpace })
        else { return "" }
        return String(unicodeScalars[first...last])
    }
}

extension Unicode.Scalar {
    /// True for what Python takes for white space (`str.isspace()`): Unicode's White_Space and the four information separators.
    package var isPythonSpace: Bool { properties.isWhitespace || (0x1C...0x1F).contains(value) }
}
