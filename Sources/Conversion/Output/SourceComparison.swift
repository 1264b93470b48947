import Checkpoint
import Griffin
import KernelTypes
import ModelFile
import Quantization
import System
import Text
import Tiles

/// Compares the tensors of a model file with the checkpoint that it was made of.
public struct SourceComparison: Sendable {
    /// A tensor and how far it is from the checkpoint's.
    public struct Tensor: Sendable {
        /// As it is called in the model file.
        public let name: String
        /// How the model file stores it.
        public let type: WeightType
        /// The model file's weights against the checkpoint's.
        public let figures: ErrorFigures
    }

    /// Bytes of the checkpoint that will be read.
    public let sourceBytes: Int
    /// Of a file with a part of the checkpoint's vocabulary: the pieces that it has, whose weights are compared, and how many the
    /// checkpoint has. Nil if it has all of them.
    public let pieces: (kept: Int, all: Int)?
    private let checkpoint: Checkpoint
    private let file: ModelFile
    private let tensors: [MatchedTensor]
    private let slices: [Slice]
    private let work: SliceWork

    /// The paths of all files that are read.
    public var paths: [String] { checkpoint.paths + [file.path] }

    /// Opens both. Throws for what is wrong with either, and if they are not of the same model. Figures are the same for any number
    /// of threads; nil is one per physical core that this process may use.
    public init(source: String, file path: String, threads: Int? = nil) throws(FileProblem) {
        work = try SliceWork(threads: threads)
        file = try ModelFile(path: path)
        checkpoint = try Checkpoint(folder: source)
        let configuration = try Configuration(of: checkpoint, endOfTurn: nil)
        var matched = try MatchedTensors(checkpoint, configuration, preset: .f32, rules: [])
        let rows = try Self.keptRows(of: file, checkpoint, configuration)
        pieces = rows.map { ($0.count, configuration.vocabularySize) }
        if let rows {
            var smaller = configuration
            smaller.vocabularySize = rows.count
            matched.keep(embeddings: rows, smaller)
        }
        tensors = matched.tensors
        slices = Slice.slices(of: tensors.map(\.planned))
        sourceBytes = matched.sourceBytes(of: slices)
        for tensor in tensors {
            let planned = tensor.planned
            guard let entry = file.tensor(named: planned.name), entry.dimensions == planned.dimensions,
                entry.isTiled == planned.isTiled
            else {
                throw FileProblem(
                    .content, path: path,
                    problem: "has no tensor \(planned.name) of shape \(planned.dimensions), as \(source) asks for",
                    advice: "compare a file with the checkpoint that it was made from")
            }
        }
    }

    /// The rows of a checkpoint's embedding that a file has, if its vocabulary is smaller; nil otherwise. Throws if it is no part of
    /// the checkpoint's.
    private static func keptRows(
        of file: ModelFile, _ checkpoint: Checkpoint, _ configuration: Configuration
    ) throws(FileProblem) -> [UInt32]? {
        let count = file.tensor(named: Configuration.embeddingName)?.dimensions[0]
        guard let count, count < configuration.vocabularySize else { return nil }
        let path = SourceText.path(of: checkpoint)
        let whole = try Tokenizer(model: checkpoint.tokenizer, path: path)
        let smaller = try Tokenizer(model: file.metadata.tokenizer, path: file.path)
        guard whole.vocabularySize == configuration.vocabularySize, smaller.vocabularySize == count,
            let rows = smaller.tokens(in: whole)
        else {
            throw FileProblem(
                .content, path: file.path, problem: "has \(count) pieces in its vocabulary, which are no part of those of \(path)",
                advice: "compare a file with the checkpoint that it was made of")
        }
        return rows
    }

    /// Reads both whole and returns the tensors in file order. `progress` and `isCancelled` are called on this thread after each
    /// slice of about a megabyte, as in ``Conversion/write(to:progress:isCancelled:)``. Throws for weights that can't be read or
    /// are not finite.
    public func run(
        progress: (_ done: Int) -> Void = { _ in }, isCancelled: () -> Bool = { false }
    ) throws(FileProblem) -> [Tensor] {
        var figures = [ErrorFigures](repeating: ErrorFigures(), count: tensors.count)
        var done = 0
        try work.run(slices, sliceBytes: 0) { [self] in
            let reader = SourceReader(checkpoint: checkpoint)
            var panels = PanelBuffer()
            return { slice, _ throws(FileProblem) in try compare(slice, reader, &panels) }
        } take: { slice, _, sliceFigures throws(FileProblem) in
            try file.checkIntact()
            figures[slice.tensor].merge(sliceFigures)
            done += tensors[slice.tensor].sourceBytes(of: slice)
            progress(done)
            if isCancelled() {
                throw FileProblem(
                    .cancelled, path: file.path, problem: "the comparison was interrupted", advice: "start it again")
            }
        }
        return zip(tensors, figures).map { tensor, figures in
            Tensor(name: tensor.planned.name, type: file.tensor(named: tensor.planned.name)?.type ?? .f32, figures: figures)
        }
    }

    private func compare(
        _ slice: Slice, _ reader: SourceReader, _ panels: inout PanelBuffer
    ) throws(FileProblem) -> ErrorFigures {
        let tensor = tensors[slice.tensor]
        var figures = ErrorFigures()
        guard let entry = file.tensor(named: tensor.planned.name), let bytes = file.bytes(of: entry).baseAddress else {
            return figures
        }
        guard let shape = tensor.planned.matrixShape else {
            let original = Panel(columns: tensor.source.count), stored = Panel(columns: tensor.source.count)
            var numbers = [Float](repeating: 0, count: tensor.source.count)
            try numbers.withUnsafeMutableBufferPointer { buffer throws(FileProblem) in
                guard let start = buffer.baseAddress else { return }
                try reader.readPlain(tensor, into: start)
                original.load(rows: start, stride: buffer.count, count: 1)
            }
            stored.load(rows: bytes.assumingMemoryBound(to: Float.self), stride: tensor.source.count, count: 1)
            return original.errorFigures(ofStored: stored)
        }
        let stored = panels.panel(columns: shape.columns)
        try reader.forEachRowTile(of: slice, tensor, shape: shape) { rowTile, panel throws(FileProblem) in
            TileDecoder(entry.type).decode(bytes + rowTile * shape.columnTiles * entry.type.bytesPerTile, into: stored)
            figures.merge(panel.errorFigures(ofStored: stored))
        }
        return figures
    }
}
