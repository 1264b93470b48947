import Tiles

extension Panel {
    /// How far a stored panel, of the same size, is from this one. Padding, which is zero in both, adds nothing.
    public func errorFigures(ofStored stored: Panel) -> ErrorFigures {
        precondition(stored.columns == columns, "panels of one size")
        var figures = ErrorFigures()
        for tile in 0..<columnTiles {
            for half in HalfTile.allCases {
                let original = HalfPanel(self, half, column: tile * Tile.columns)
                let stored = HalfPanel(stored, half, column: tile * Tile.columns)
                var lanes = LaneFigures()
                for column in 0..<Tile.columns { lanes.add(original[column], stored: stored[column]) }
                figures.merge(ErrorFigures(lanes))
            }
        }
        return figures
    }
}
