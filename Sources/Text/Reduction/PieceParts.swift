import System

/// The pieces of which SentencePiece builds a piece.
///
/// BPE begins with the characters of a text and joins neighbours, those first whose joint piece has the highest score, and of
/// equals the leftmost. A part that had been joined with what stands beside the piece would have kept the piece from being built.
/// So whatever stands around it, a piece is built in the same steps as alone, and this tells them from its name.
struct PieceParts {
    private let pieces: PieceTable
    private let scores: [Float]
    /// The pieces that two symbols can become.
    private let tokens: [ArraySlice<UInt8>: UInt32]

    /// For a tokenizer whose model SentencePiece takes, so that no name stands for two pieces.
    init(_ tokenizer: Tokenizer) throws(FileProblem) {
        pieces = tokenizer.pieces
        scores = try Self.scores(in: tokenizer.model)
        var tokens: [ArraySlice<UInt8>: UInt32] = [:]
        tokens.reserveCapacity(pieces.count)
        for token in pieces.kinds.indices where Self.isJoint(pieces.kinds[token]) {
            tokens[pieces.name(of: UInt32(token))] = UInt32(token)
        }
        self.tokens = tokens
    }

    /// The pieces that come up while a piece is built, itself included, characters among them, once or several times each; and
    /// whether it is built in the end.
    func parts(of token: UInt32) -> (tokens: [UInt32], areWhole: Bool) {
        let kind = pieces.kinds[Int(token)]
        // All others are found in a text as they are.
        guard kind == .normal || kind == .unused else { return ([token], true) }
        let name = pieces.name(of: token)
        var symbols = Self.characters(of: name)
        var parts = [token] + symbols.compactMap { tokens[name[$0]] }
        func joint(_ left: Int) -> UInt32? { tokens[name[symbols[left].lowerBound..<symbols[left + 1].upperBound]] }
        var joints = symbols.indices.dropLast().map(joint)
        while let left = best(joints), let joined = joints[left] {
            parts.append(joined)
            symbols[left] = symbols[left].lowerBound..<symbols[left + 1].upperBound
            symbols.remove(at: left + 1)
            joints.remove(at: left)
            if left > 0 { joints[left - 1] = joint(left - 1) }
            if left < joints.count { joints[left] = joint(left) }
        }
        return (parts, symbols.count == 1)
    }

    /// Which neighbours are joined next; nil if none can be.
    private func best(_ joints: [UInt32?]) -> Int? {
        var best: (index: Int, score: Float)?
        for (index, joint) in joints.enumerated() {
            guard let score = joint.map({ scores[Int($0)] }) else { continue }
            if let best, !(score > best.score) { continue }
            best = (index, score)
        }
        return best?.index
    }

    /// The characters of a name, cut as SentencePiece cuts them: by their first bytes.
    private static func characters(of name: ArraySlice<UInt8>) -> [Range<Int>] {
        var characters: [Range<Int>] = []
        var start = name.startIndex
        while start < name.endIndex {
            let length = name[start] < 0xC0 ? 1 : name[start] < 0xE0 ? 2 : name[start] < 0xF0 ? 3 : 4
            let end = min(start + length, name.endIndex)
            characters.append(start..<end)
            start = end
        }
        return characters
    }

    /// The score of each piece; 0 where the model names none.
    private static func scores(in model: [UInt8]) throws(FileProblem) -> [Float] {
        try model.withUnsafeBufferPointer { model throws(FileProblem) in
            var scores: [Float] = []
            var reader = WireReader(model)
            while let field = try reader.next() {
                guard field.number == 1, case .bytes(let range) = field.value else { continue }
                var score: Float = 0
                var piece = WireReader(model, in: range)
                while let field = try piece.next() {
                    guard field.number == 2, case .fixed32 = field.value else { continue }
                    let bytes = model[field.range.suffix(4)].reversed()
                    score = Float(bitPattern: bytes.reduce(0) { $0 << 8 | UInt32($1) })
                }
                scores.append(score)
            }
            return scores
        }
    }

    /// True for the kinds that SentencePiece looks for when it joins two symbols. (Control marks aren't, in what it is given.)
    private static func isJoint(_ kind: PieceKind) -> Bool { kind == .normal || kind == .unused || kind == .userDefined }
}
