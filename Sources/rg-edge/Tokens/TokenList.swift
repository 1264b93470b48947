import ArgumentParser
import CommandSupport
import System

/// Lists of token ids as they are typed: `2,5,9`, also with spaces or line breaks.
enum TokenList {
    /// The ids in `argument`, in the file that it names (`@FILE`), or on standard input (`-`).
    static func tokens(_ argument: String) throws -> [UInt32] {
        if argument == InputText.standardInput || argument.hasPrefix("@") {
            let path = argument.hasPrefix("@") ? String(argument.dropFirst()) : argument
            let text = try InputText.contents(ofFile: path)
            let name = path == InputText.standardInput ? "standard input" : path
            switch parse(text) {
            case .success(let tokens): return tokens
            case .failure(let problem):
                throw FileProblem(.content, path: name, problem: problem.description, advice: "write token ids like 2,5,9")
            }
        }
        switch parse(argument) {
        case .success(let tokens): return tokens
        case .failure(let problem): throw ValidationError("Token list: \(problem); write token ids like 2,5,9")
        }
    }

    /// Throws if a token is outside the vocabulary of the model at `path`.
    static func check(_ tokens: [UInt32], vocabularySize: Int, path: String) throws(FileProblem) {
        guard let index = tokens.firstIndex(where: { $0 >= vocabularySize }) else { return }
        throw FileProblem(
            .content, path: path, problem: "has no token \(tokens[index]) (number \(index + 1) of the list)",
            advice: "its vocabulary is 0 to \(vocabularySize - 1)")
    }

    private struct Problem: Error, CustomStringConvertible {
        let description: String
    }

    private static func parse(_ text: String) -> Result<[UInt32], Problem> {
        var tokens: [UInt32] = []
        for word in text.split(whereSeparator: { $0 == "," || $0.isWhitespace }) {
            guard let token = UInt32(word) else {
                return .failure(Problem(description: "'\(word.prefix(40))' is not a token id"))
            }
            tokens.append(token)
        }
        return tokens.isEmpty ? .failure(Problem(description: "is empty")) : .success(tokens)
    }
}
