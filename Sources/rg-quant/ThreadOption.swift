import ArgumentParser
import Conversion

/// `--threads`, for commands whose output it doesn't change.
struct ThreadOption: ParsableArguments {
    @Option(name: [.customShort("t"), .long], help: "Threads; by default one per core. The output is the same for any number.")
    var threads: Int?

    func validate() throws {
        if let threads, !(1...Conversion.Options.threadLimit).contains(threads) {
            throw ValidationError("--threads must be 1 to \(Conversion.Options.threadLimit), not \(threads)")
        }
    }
}
