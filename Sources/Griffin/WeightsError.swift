/// A model file whose tensors are not those of its configuration.
public struct WeightsError: Error, Equatable, CustomStringConvertible {
    /// The model file.
    public let path: String
    /// What is wrong, in a clause that names the tensor.
    public let problem: String

    public var description: String {
        "\(path): \(problem); convert the model again with this version's rg-quant"
    }
}
