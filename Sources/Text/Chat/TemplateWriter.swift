import System

/// Puts tokens together from a template and from texts in it: marks of the template become control tokens, marks in texts stay
/// text. What lies between two marks is encoded as if it were one text: line breaks on both sides of a seam become one token.
struct TemplateWriter {
    private let encoder: Tokenizer.Encoder
    /// Those up to the last mark.
    private(set) var tokens: [UInt32] = []
    /// What came after it.
    private(set) var text: [UInt8] = []

    init(_ encoder: Tokenizer.Encoder) { self.encoder = encoder }

    mutating func add(text added: String) { text += added.utf8 }

    mutating func add(template: String) throws(FileProblem) {
        try Array(template.utf8).withUnsafeBufferPointer { template throws(FileProblem) in
            try encoder.tokenizer.marks.forEachPart(of: UnsafeRawBufferPointer(template)) { part throws(FileProblem) in
                switch part {
                case .mark(let token):
                    try flush()
                    tokens.append(token)
                case .text(let part): text += part
                }
            }
        }
    }

    /// Encodes what came after the last mark: no more of that text follows.
    mutating func flush() throws(FileProblem) {
        tokens += try encoder.encode(bytes: text)
        text.removeAll(keepingCapacity: true)
    }
}

extension Tokenizer.Encoder {
    /// The tokens of bytes, in which marks are text.
    func encode(bytes: [UInt8]) throws(FileProblem) -> [UInt32] {
        try bytes.withUnsafeBufferPointer { bytes throws(FileProblem) in
            try encode(utf8: UnsafeRawBufferPointer(bytes))
        }
    }
}
