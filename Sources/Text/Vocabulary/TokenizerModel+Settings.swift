import System

/// What matters here of `TrainerSpec`; a field that is absent has the default of sentencepiece_model.proto.
struct TrainerSpec {
    private var modelType: UInt64 = 1
    private var byteFallback = false
    /// Names of the pieces that play a part.
    private(set) var unknown = Array("<unk>".utf8), bos = Array("<s>".utf8), eos = Array("</s>".utf8), pad = Array("<pad>".utf8)

    mutating func merge(_ message: WireReader) throws(FileProblem) {
        var reader = message
        while let field = try reader.next() {
            switch (field.number, field.value) {
            case (3, .varint(let value)): modelType = value
            case (35, .varint(let value)): byteFallback = value != 0
            case (45, .bytes(let range)): unknown = Array(message.bytes[range])
            case (46, .bytes(let range)): bos = Array(message.bytes[range])
            case (47, .bytes(let range)): eos = Array(message.bytes[range])
            case (48, .bytes(let range)): pad = Array(message.bytes[range])
            default: continue
            }
        }
    }

    func check() throws(FileProblem) {
        let bpe: UInt64 = 2
        guard modelType == bpe else {
            let names: [UInt64: String] = [1: "unigram", 3: "word", 4: "char"]
            throw FileProblem.tokenizer(
                "is a model of type \(names[modelType] ?? String(modelType)), not BPE", advice: TokenizerAdvice.wrongKind)
        }
        guard byteFallback else { throw FileProblem.tokenizer("has no byte fallback", advice: TokenizerAdvice.wrongKind) }
    }
}

/// What matters here of `NormalizerSpec`; a field that is absent has the default of sentencepiece_model.proto.
struct NormalizerSpec {
    private var rules = 0
    private var addsDummyPrefix = true
    private var removesSpaces = true
    private var escapesSpaces = true

    mutating func merge(_ message: WireReader) throws(FileProblem) {
        var reader = message
        while let field = try reader.next() {
            switch (field.number, field.value) {
            case (2, .bytes(let range)): rules = range.count
            case (3, .varint(let value)): addsDummyPrefix = value != 0
            case (4, .varint(let value)): removesSpaces = value != 0
            case (5, .varint(let value)): escapesSpaces = value != 0
            default: continue
            }
        }
    }

    func check() throws(FileProblem) {
        func require(_ condition: Bool, _ problem: String) throws(FileProblem) {
            guard condition else { throw FileProblem.tokenizer(problem, advice: TokenizerAdvice.wrongKind) }
        }
        try require(rules == 0, "rewrites texts by \(rules) bytes of normalization rules")
        try require(!addsDummyPrefix, "puts a space before texts")
        try require(!removesSpaces, "removes spaces from texts")
        try require(escapesSpaces, "doesn't write spaces as U+2581")
    }
}
