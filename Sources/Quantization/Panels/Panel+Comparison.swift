import KernelTypes
import Kernels

extension Panel {
    /// How far a stored panel, of the same size, is from this one. Padding, which is zero in both, adds nothing.
    public func errorFigures(ofStored stored: Panel, codecs: CodecSet = Codecs.best) -> ErrorFigures {
        precondition(stored.columns == columns, "panels of one size")
        var figures = ErrorFigures()
        codecs.compare(values, stored.values, columnTiles, &figures)
        return figures
    }
}
