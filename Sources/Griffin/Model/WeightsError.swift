/// A model file whose tensors are not those of its configuration.
public struct WeightsError: Error, Equatable, CustomStringConvertible {
    /// The model file.
    public let path: String
    /// What is wrong, in a clause that names the tensor.
    public let problem: String
    /// True if the file is not the cause: the system has no memory for what is computed from it.
    public let isMemory: Bool

    /// One line: path, problem, advice.
    public var description: String {
        "\(path): \(problem); \(isMemory ? "close other programs" : "convert the model again with this version's rg-quant")"
    }

    init(path: String, problem: String, isMemory: Bool = false) {
        self.path = path
        self.problem = problem
        self.isMemory = isMemory
    }
}
