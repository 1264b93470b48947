import Griffin
import ModelFile
import System

/// A model file that has been read whole and can be run: what weights are taken back from.
struct VerifiedModel {
    let file: ModelFile
    let configuration: Configuration
    let weights: Weights

    /// Opens a file and checks every checksum. Throws if it is damaged, or isn't a model that can be run.
    init(path: String) throws(FileProblem) {
        file = try ModelFile(path: path)
        try file.verifyAll()
        configuration = try Configuration(parsing: file.metadata.configuration, path: path)
        weights = try Weights(file: file, configuration: configuration)
        if let sampling = file.metadata.sampling { _ = try PublishedSampling(parsing: sampling, path: path) }
        // The decays were computed from weights.
        try file.checkIntact()
    }
}
