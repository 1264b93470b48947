import ModelFile
import Tiles

/// Which rows of tiles of a model's matrices stay in memory, and which are read from the disk in each pass.
///
/// All tensors but the matrices stay: norms, biases, the recurrences' parameters. Of a matrix, the first rows stay and the last are
/// read, in slabs. For the head, which is also the embedding, the first rows are those of the most frequent tokens.
public struct StreamPlan: Sendable {
    /// Rows of tiles of a matrix that are read by one request.
    struct Slab: Sendable {
        /// The tensor's number in the file.
        let matrix: Int
        /// Of the whole stack; begins with an even one, since kernels take two rows of tiles at once.
        let rowTiles: Range<Int>
        /// Where they lie in the file.
        let bytes: Range<Int>
    }

    /// What is read of one matrix.
    struct Part: Sendable {
        /// Rows of tiles that stay in memory: the first ones.
        let residentRowTiles: Int
        /// The others, in ``StreamPlan/slabs``.
        let slabs: Range<Int>
    }

    /// In the order in which a pass needs them: those of the layers, then those of the head.
    let slabs: [Slab]
    /// How many are the layers'; the others are needed only for logits.
    let layerSlabs: Int
    private let parts: [Int: Part]
    private let fileBytes: Int

    /// Bytes of the file's tensors that stay in memory.
    public let residentBytes: Int
    /// Bytes that a pass with logits reads from the disk.
    public let streamedBytes: Int
    /// Those of them that are the head's, which a pass without logits doesn't read.
    public let streamedHeadBytes: Int

    /// What is read of a matrix; nil if all of it stays.
    func part(of matrix: Int) -> Part? { parts[matrix] }

    /// The bytes of the file that stay in memory between a slab and the one before it. After the last slab, whose number would be
    /// `slabs.count`, those up to the end.
    func residentBytes(before slab: Int) -> Range<Int> {
        (slab > 0 ? slabs[slab - 1].bytes.upperBound : 0)..<(slab < slabs.count ? slabs[slab].bytes.lowerBound : fileBytes)
    }

    /// The ranges of the file that stay in memory.
    public var residentRanges: [Range<Int>] { (0...slabs.count).map(residentBytes).filter { !$0.isEmpty } }

    /// Bytes of a slab: with a megabyte a disk is as fast as it gets.
    public static let usualSlabBytes = 1 << 20

    /// Rows of tiles in a slab of a matrix.
    private static func rowTilesPerSlab(_ slabBytes: Int, _ rowTileBytes: Int) -> Int { max(2, slabBytes / rowTileBytes & ~1) }

    /// Bytes of the largest slab that any plan for the file may have.
    static func largestSlab(of file: ModelFile) -> Int {
        let sizes = file.tensors.compactMap { tensor in
            tensor.matrixShape.map { shape in
                let rowTileBytes = shape.columnTiles * tensor.type.bytesPerTile
                return min(shape.count * shape.rowTiles, rowTilesPerSlab(usualSlabBytes, rowTileBytes)) * rowTileBytes
            }
        }
        return sizes.max() ?? 0
    }

    /// Keeps `residentBytes` of the file's tensors in memory, or what is nearest to it in whole slabs, rather less than more; nil
    /// if all of them fit. Slabs have about `slabBytes`, no more than usual.
    ///
    /// A prompt's chunks need the head only for the last token, so the head is the first to be read. But a disk that only read the
    /// head would rest while the processor is at the layers, so a tenth of the layers comes before it, spread evenly: memory is
    /// some ten times as fast as a good disk. For a chunk of a prompt the tenth is read while it is computed. What must be read
    /// beyond tenth and head is spread over the layers, too.
    public init?(_ file: ModelFile, residentBytes: Int, slabBytes: Int = StreamPlan.usualSlabBytes) {
        let all = file.tensors.reduce(0) { $0 + $1.byteCount }
        let wanted = all - max(0, residentBytes)
        guard wanted > 0 else { return nil }
        let matrices = file.tensors.indices.filter { file.tensors[$0].isTiled }
        guard let head = matrices.last(where: { file.tensors[$0].name == Configuration.embeddingName }) else { return nil }
        let layers = matrices.filter { $0 != head }
        let layerBytes = layers.reduce(0) { $0 + file.tensors[$1].byteCount }
        let headBytes = file.tensors[head].byteCount
        let ofHead = min(max(0, wanted - layerBytes / 10), headBytes)

        var slabs: [Slab] = []
        var parts: [Int: Part] = [:]
        var layerSlabs = 0, ofLayers = min(wanted - ofHead, layerBytes), taken = 0, streamedHead = 0
        while true {
            slabs.removeAll()
            parts.removeAll()
            // Bytes that the matrices so far should have given, and gave.
            var due = 0.0
            taken = 0
            for number in layers {
                due += Double(file.tensors[number].byteCount) * (Double(ofLayers) / Double(max(1, layerBytes)))
                let owed = Int(due.rounded(.up)) - taken
                taken += Self.cut(file, number, owed, isLast: number == layers.last, slabBytes, &slabs, &parts)
            }
            layerSlabs = slabs.count
            streamedHead = Self.cut(file, head, min(wanted - taken, headBytes), isLast: true, slabBytes, &slabs, &parts)
            // Where whole slabs don't add up, once more with more of the layers.
            let missing = wanted - taken - streamedHead
            guard missing > 0, ofLayers < layerBytes else { break }
            ofLayers = min(ofLayers + missing, layerBytes)
        }
        self.layerSlabs = layerSlabs
        self.slabs = slabs
        self.parts = parts
        fileBytes = file.byteCount
        streamedHeadBytes = streamedHead
        streamedBytes = taken + streamedHead
        self.residentBytes = all - taken - streamedHead
    }

    /// Cuts slabs of about `wanted` bytes from the end of a matrix and returns how many bytes they have. Fewer than a slab are left
    /// to the next matrix, unless it is the last.
    private static func cut(
        _ file: ModelFile, _ number: Int, _ wanted: Int, isLast: Bool, _ slabBytes: Int, _ slabs: inout [Slab],
        _ parts: inout [Int: Part]
    ) -> Int {
        let tensor = file.tensors[number]
        guard let shape = tensor.matrixShape, wanted > 0 else { return 0 }
        let rowTileBytes = shape.columnTiles * tensor.type.bytesPerTile
        let count = shape.count * shape.rowTiles
        let perSlab = rowTilesPerSlab(slabBytes, rowTileBytes)
        // Whole slabs; at the last matrix rounded up, so that no more stays than may.
        let most = isLast ? (wanted + rowTileBytes - 1) / rowTileBytes : wanted / rowTileBytes / perSlab * perSlab
        let streamed = wanted / rowTileBytes >= count ? count : min(count, most)
        guard streamed > 0 else { return 0 }
        let resident = (count - streamed) & ~1
        let first = slabs.count
        for start in stride(from: resident, to: count, by: perSlab) {
            let rowTiles = start..<min(count, start + perSlab)
            let bytes = tensor.offset + rowTiles.lowerBound * rowTileBytes..<tensor.offset + rowTiles.upperBound * rowTileBytes
            slabs.append(Slab(matrix: number, rowTiles: rowTiles, bytes: bytes))
        }
        parts[number] = Part(residentRowTiles: resident, slabs: first..<slabs.count)
        return (count - resident) * rowTileBytes
    }
}
