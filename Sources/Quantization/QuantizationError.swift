/// A weight that a type can't hold.
public struct QuantizationError: Error, Equatable {
    /// Row in the panel, or in the stack if a whole stack is encoded.
    public let row: Int
    /// Input.
    public let column: Int
    /// The weight.
    public let value: Float

    /// A weight and its place.
    public init(row: Int, column: Int, value: Float) {
        self.row = row
        self.column = column
        self.value = value
    }
}
