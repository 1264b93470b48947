import Files
import ModelFile
import System

/// The first 128 bytes of a session file (`formats/rgs.md`, "Header").
struct SessionHeader {
    /// Bytes of the whole file.
    var fileBytes: Int
    /// XXH3 of what follows the header.
    var contentChecksum: UInt64
    /// The model's ``ModelFile/ModelFile/fingerprint``.
    let fingerprint: UInt64
    let position: Int64
    let tokenHash: TokenHash
    let isTurnOpen: Bool
    /// True if exponents follow the keys and values. Otherwise all are 0.
    let hasExponents: Bool
    /// The constraint of an answer that isn't finished, and how many tokens that has; nil if there is none.
    let answer: UnfinishedAnswer?
    let shape: SessionShape

    static let magic = Array("RGS1".utf8)
    static let versions: ClosedRange<UInt32> = 1...3
    static let byteCount = 128
    /// Double, in which rotary angles are computed, can represent every position up to here.
    static let largestPosition = UInt64(Session.positionLimit)

    private static let answerOffset = 80
    private static let reserved = 96..<120
    private static let checksumOffset = 120
    private static let turnIsOpen: UInt32 = 1, partsHaveExponents: UInt32 = 2

    /// The header of a session, except for ``fileBytes`` and ``contentChecksum``.
    init(_ session: Session) {
        fileBytes = 0
        contentChecksum = 0
        fingerprint = session.model.file.fingerprint
        position = session.position
        tokenHash = session.memory.tokenHash
        isTurnOpen = session.memory.turn.isOpen
        hasExponents = session.memory.state.hasExponents
        answer = session.memory.unfinishedAnswer
        shape = SessionShape(session.model)
    }

    /// The oldest version that can hold the session.
    private var version: UInt32 { answer != nil ? 3 : hasExponents ? 2 : 1 }

    /// The header's bytes.
    var bytes: [UInt8] {
        var bytes = Self.magic
        bytes.appendLittleEndian(version)
        for field in [UInt64(fileBytes), contentChecksum, fingerprint, UInt64(position), tokenHash.hash] {
            bytes.appendLittleEndian(field)
        }
        let exponents = answer != nil && hasExponents ? Self.partsHaveExponents : 0
        bytes.appendLittleEndian((isTurnOpen ? Self.turnIsOpen : 0) | exponents)
        for field in shape.fields { bytes.appendLittleEndian(UInt32(field)) }
        if let answer {
            bytes.appendLittleEndian(answer.fingerprint)
            bytes.appendLittleEndian(UInt64(answer.count))
        }
        bytes.padWithZeros(to: Self.checksumOffset)
        bytes.appendLittleEndian(Checksum.of(bytes.span.bytes))
        return bytes
    }

    /// Reads the header of a file of `fileBytes` bytes from its first 128, or all if it has fewer. Checks, in the document's order,
    /// all that can be checked without the rest: afterwards the file is known to be one of `model`, with a possible size.
    init(parsing bytes: RawSpan, fileBytes: Int, for model: Model, source: String) throws(FileProblem) {
        let hasMagic = Self.magic.indices.allSatisfy {
            $0 < bytes.byteCount && bytes.unsafeLoad(fromByteOffset: $0, as: UInt8.self) == Self.magic[$0]
        }
        guard hasMagic else {
            throw FileProblem(
                .format, path: source, problem: fileBytes > 0 ? "is not a saved session" : "is empty, not a saved session",
                advice: "give one that rg-edge saved, or begin a new conversation")
        }
        guard bytes.byteCount >= Self.byteCount else { throw .misfit(source, "is cut: it has only \(fileBytes) bytes") }
        let number = bytes.littleEndian(at: 4, as: UInt32.self)
        guard Self.versions.contains(number) else {
            throw FileProblem(
                .version, path: source, problem: "is RGS version \(number), and this program reads versions 1 to 3",
                advice: "use the program that wrote it, or begin a new conversation")
        }
        guard bytes.littleEndian(at: Self.checksumOffset, as: UInt64.self) == Checksum.of(bytes.extracting(..<Self.checksumOffset))
        else {
            throw .damaged(source, "has a damaged header")
        }
        let flags = bytes.littleEndian(at: 48, as: UInt32.self)
        let hasAnswer = number == 3
        guard flags & ~(Self.turnIsOpen | (hasAnswer ? Self.partsHaveExponents : 0)) == 0 else {
            throw .invalid(source, "has unknown flags")
        }
        let reserved = hasAnswer ? Self.reserved : Self.answerOffset..<Self.reserved.upperBound
        guard reserved.allSatisfy({ bytes.unsafeLoad(fromByteOffset: $0, as: UInt8.self) == 0 }) else {
            throw .invalid(source, "has something in its reserved bytes")
        }
        let position = bytes.littleEndian(at: 32, as: UInt64.self)
        guard position <= Self.largestPosition else {
            throw .invalid(source, "is at position \(position), over \(Self.largestPosition)")
        }
        let answerCount = bytes.littleEndian(at: Self.answerOffset + 8, as: UInt64.self)
        guard answerCount <= position else {
            throw .invalid(source, "is within an answer of \(answerCount) tokens, more than its position")
        }
        answer =
            hasAnswer
            ? UnfinishedAnswer(fingerprint: bytes.littleEndian(at: Self.answerOffset, as: UInt64.self), count: Int(answerCount))
            : nil

        fingerprint = bytes.littleEndian(at: 24, as: UInt64.self)
        guard fingerprint == model.file.fingerprint else {
            throw FileProblem(
                .mismatch, path: source, problem: "is a session of a different model than \(model.file.path)",
                advice: "open it with the model that it was made with, or begin a new conversation")
        }
        let shape = SessionShape(model)
        guard shape.fields.indices.allSatisfy({ bytes.littleEndian(at: 52 + 4 * $0, as: UInt32.self) == shape.fields[$0] }) else {
            throw .invalid(source, "has other shapes than its model")
        }
        self.shape = shape
        self.position = Int64(position)
        let recorded = bytes.littleEndian(at: 8, as: UInt64.self)
        guard recorded == UInt64(fileBytes) else {
            let verb = recorded > UInt64(fileBytes) ? "is cut" : "has grown"
            throw .misfit(source, "\(verb): it has \(fileBytes) bytes, and its header says \(recorded)")
        }
        hasExponents = hasAnswer ? flags & Self.partsHaveExponents != 0 : number == 2
        guard fileBytes <= shape.largestFile(at: self.position, withExponents: hasExponents) else {
            throw .invalid(source, "is larger than a session at its position can be")
        }
        self.fileBytes = fileBytes
        contentChecksum = bytes.littleEndian(at: 16, as: UInt64.self)
        tokenHash = TokenHash(hash: bytes.littleEndian(at: 40, as: UInt64.self))
        isTurnOpen = flags & Self.turnIsOpen != 0
    }
}
