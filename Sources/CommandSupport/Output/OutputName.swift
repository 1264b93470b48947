import ArgumentParser

/// Names of files and folders that a command writes.
public enum OutputName {
    /// What a name stands for.
    public enum Kind: String, Sendable {
        case file, folder
    }

    /// Throws for `-`, which stands for standard output elsewhere: nobody wants a file of that name. `argument` is what takes the
    /// name, as the help shows it: `-o`.
    public static func check(_ name: String, for argument: String, kind: Kind = .file) throws(ValidationError) {
        guard name == "-" else { return }
        throw ValidationError("\(argument) takes the name of a \(kind), not -; write ./- for a \(kind) of that name")
    }
}
