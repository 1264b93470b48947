import ArgumentParser
import CommandSupport
import Glibc
import JSON
import Kernels
import ModelArguments

/// What a shell offers for `rg-edge serve`: the options of rg-edge-serve, which is asked for them.
enum ServeCompletion {
    /// What the last of some words may become: an option's name, or the value of the option before it.
    static func candidates(_ words: [String], _ index: Int, _ prefix: String, program: String) -> [String] {
        let options = options(of: program)
        let before = words.indices.contains(index - 1) ? words[index - 1] : ""
        guard let option = options.first(where: { $0.names.contains(before) && $0.takesValue }) else {
            return ShellCompletion.words(options.flatMap(\.names), prefix)
        }
        return option.values(prefix)
    }

    private struct Option {
        let names: [String]
        let takesValue: Bool
        /// What ArgumentParser knows of its values.
        let kind: JSONValue?

        init?(_ argument: JSONValue) {
            guard let kind = argument["kind"]?.stringValue, kind != "positional", case .array(let names)? = argument["names"] else {
                return nil
            }
            self.names = names.compactMap { name in
                name["name"]?.stringValue.map { (name["kind"]?.stringValue == "long" ? "--" : "-") + $0 }
            }
            takesValue = kind == "option"
            self.kind = argument["completionKind"]
        }

        func values(_ prefix: String) -> [String] {
            if case .array(let values)? = kind?["list"]?["values"] {
                return ShellCompletion.words(values.compactMap(\.stringValue), prefix)
            }
            if kind?["file"] != nil { return ShellCompletion.paths(prefix) }
            if kind?["directory"] != nil { return ShellCompletion.paths(prefix, endings: ["/"]) }
            if names.contains("--model") { return ModelCompletion.candidates(prefix) }
            if names.contains("--kernels") { return ShellCompletion.words(Kernels.available.map(\.name), prefix) }
            return []
        }
    }

    /// None if the program isn't there.
    private static func options(of program: String) -> [Option] {
        let quoted = "'" + program.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
        guard let pipe = popen("exec \(quoted) --experimental-dump-help 2>/dev/null", "r") else { return [] }
        defer { pclose(pipe) }
        var text: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = fread(&buffer, 1, buffer.count, pipe)
            guard count > 0 else { break }
            text += buffer[..<count]
        }
        guard let help = try? JSONValue(parsing: text), case .array(let arguments)? = help["command"]?["arguments"] else {
            return []
        }
        return arguments.compactMap(Option.init)
    }
}
