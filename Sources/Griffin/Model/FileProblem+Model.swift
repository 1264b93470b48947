import System

extension FileProblem {
    /// A model file that is whole, but holds something else than a model that can be run.
    static func notRunnable(_ path: String, _ problem: String) -> FileProblem {
        FileProblem(.content, path: path, problem: problem, advice: "convert the model again with this version's rg-quant")
    }
}
