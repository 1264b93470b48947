import Glibc
import System

/// Throws if a file that is to be written is one of those that are read, by whatever name: it would be replaced.
public func checkIsNoSource(_ target: String, among sources: [String]) throws(FileProblem) {
    var status = stat()
    guard stat(target, &status) == 0 else { return }
    for path in sources {
        var source = stat()
        if stat(path, &source) == 0, source.st_dev == status.st_dev, source.st_ino == status.st_ino {
            throw FileProblem(
                .io, path: target, problem: "is one of the files that are read", advice: "give another name for the output")
        }
    }
}
