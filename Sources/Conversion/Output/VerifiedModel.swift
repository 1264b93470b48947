import Griffin
import ModelFile

/// A model file that has been read whole and can be run: what weights are taken back from.
struct VerifiedModel {
    let file: ModelFile
    let configuration: Configuration
    let weights: Weights

    /// What to do about a file that a converter of this version wouldn't make.
    static let again = "convert the model again with this version's rg-quant"
    /// What to do if the file isn't at fault.
    private static let noMemory = "close other programs"

    /// Opens a file and checks every checksum. Throws if it is damaged, or isn't a model that can be run.
    init(path: String) throws(ConversionError) {
        do throws(ModelFileError) {
            file = try ModelFile(path: path)
            try file.verifyAll()
        } catch {
            throw ConversionError(.source, path: error.path, problem: error.problem, advice: error.advice)
        }
        do throws(ConfigurationError) {
            configuration = try Configuration(parsing: file.metadata.configuration)
        } catch {
            throw ConversionError(.source, path: path, problem: error.problem, advice: error.isMemory ? Self.noMemory : Self.again)
        }
        do throws(WeightsError) {
            weights = try Weights(file: file, configuration: configuration)
        } catch {
            throw ConversionError(.source, path: path, problem: error.problem, advice: error.isMemory ? Self.noMemory : Self.again)
        }
        // The decays were computed from weights.
        try file.checkStillReadable()
    }
}

extension ModelFile {
    /// Throws once the file can't be read any more: what was computed from its weights is worthless then.
    func checkStillReadable() throws(ConversionError) {
        do throws(ModelFileError) {
            try checkIntact()
        } catch {
            throw ConversionError(.source, path: error.path, problem: error.problem, advice: error.advice)
        }
    }
}
