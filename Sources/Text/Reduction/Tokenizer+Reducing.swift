import System

extension Tokenizer {
    /// The bytes of a `tokenizer.model` with some of the pieces, `kept`, which ascend and have all that a model needs.
    ///
    /// Everything else is as it was, except for what speaks of all pieces: their number and the ids of special ones, which others
    /// have now, and SentencePiece's self-tests, which may need pieces that are gone.
    func model(of kept: [UInt32]) throws(FileProblem) -> [UInt8] {
        var pieces = WireWriter(), trainer = WireWriter(), others = WireWriter()
        let numbers = trainerNumbers(kept)
        try model.withUnsafeBufferPointer { model throws(FileProblem) in
            var reader = WireReader(model), token: UInt32 = 0, next = 0
            while let field = try reader.next() {
                switch (field.number, field.value) {
                case (1, .bytes):
                    if next < kept.count, kept[next] == token {
                        pieces.append(model[field.range])
                        next += 1
                    }
                    token += 1
                case (2, .bytes(let range)):
                    // If there are several of these messages, their fields count as those of one.
                    var inside = WireReader(model, in: range)
                    while let field = try inside.next() {
                        if numbers[field.number] == nil { trainer.append(model[field.range]) }
                    }
                case (Self.selfTests, _): continue
                default: others.append(model[field.range])
                }
            }
        }
        for (number, value) in numbers.sorted(by: { $0.key < $1.key }) { trainer.append(value, number: number) }
        pieces.append(trainer, number: 2)
        return pieces.bytes + others.bytes
    }

    /// `ModelProto.self_test_data`.
    private static let selfTests = 4

    /// The fields of `TrainerSpec` that depend on which pieces there are: `vocab_size`, then the ids of `<unk>`, `<bos>`, `<eos>`
    /// and `<pad>`.
    private func trainerNumbers(_ kept: [UInt32]) -> [Int: UInt64] {
        var numbers = [4: UInt64(kept.count)]
        for (number, token) in [(40, unknown), (41, bos), (42, eos), (43, pad)] {
            numbers[number] = token.flatMap { kept.firstIndex(of: $0) }.map(UInt64.init)
        }
        return numbers
    }
}
