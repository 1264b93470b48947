import System

extension FileProblem {
    /// A file that isn't what its writer wrote.
    static func damaged(_ path: String, _ kind: Kind, _ problem: String) -> FileProblem {
        FileProblem(kind, path: path, problem: problem, advice: "copy or download it again, or convert the model again")
    }

    /// A file that was written whole, but wrongly.
    static func invalid(_ path: String, _ problem: String) -> FileProblem {
        FileProblem(.content, path: path, problem: problem, advice: "convert the model again with \"rg-quant convert\"")
    }

    /// A writer that was asked for what the format has no room for.
    static func unwritable(_ path: String, _ problem: String) -> FileProblem {
        FileProblem(.content, path: path, problem: problem, advice: "nothing was written: correct the call of ModelFileWriter")
    }
}
