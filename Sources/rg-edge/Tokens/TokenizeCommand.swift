import ArgumentParser
import CommandSupport
import JSON
import ModelArguments
import RGEdge
import System
import Text

/// `rg-edge tokenize`: text to tokens and back.
struct TokenizeCommand: ParsableCommand, TakesText {
    static let configuration = CommandConfiguration(
        commandName: "tokenize", abstract: "Shows the tokens of a text: id and piece, one token per line.",
        discussion: """
            Examples:
              rg-edge tokenize 'In the beginning'
              rg-edge tokenize --decode 2,5,9
            """)

    @OptionGroup var file: ModelFileArgument

    @Argument(help: "Text; - reads it from standard input.")
    var text: String?

    @Flag(help: "Read <start_of_turn> and the like in the text as control tokens.")
    var special = false

    @Flag(help: "Leave out the <bos> at the start.")
    var noBos = false

    @Flag(help: "Only the ids, as 'rg-edge logits --tokens' takes them.")
    var ids = false

    @Flag(help: "JSON: an array of objects with id and piece.")
    var json = false

    @Option(help: ArgumentHelp("The other way: write the text of token ids, like 2,5,9 (or @FILE, or -).", valueName: "ids"))
    var decode: String?

    func validate() throws {
        guard (text == nil) != (decode == nil) else {
            throw ValidationError("Give either a text (or - for standard input) or --decode")
        }
        if ids && json { throw ValidationError("Give --ids or --json, not both") }
        if decode != nil && (ids || json || special || noBos) { throw ValidationError("--decode goes with -m alone") }
    }

    func run() throws {
        let path = try file.path()
        if let decode {
            let tokens = try TokenList.tokens(decode)
            let tokenizer = try Model(path: path, options: Model.Options(residency: .mapped)).tokenizer
            try TokenList.check(tokens, vocabularySize: tokenizer.vocabularySize, path: path)
            let output = TextOutput(asJSON: false)
            _ = output.write(String(decoding: tokenizer.decode(tokens), as: UTF8.self))
            try output.finish()
        } else if let text {
            let text = text == InputText.standardInput ? try InputText.contentsOfStandardInput() : text
            let model = try Model(path: path, options: Model.Options(residency: .mapped))
            let start = noBos ? [] : [model.tokenizer.bos]
            let tokens = start + (try model.encode(text, controls: special ? .parsed : .asText))
            try StandardOutput.write(description(of: tokens, model.tokenizer))
        }
    }

    private func description(of tokens: [UInt32], _ tokenizer: Tokenizer) -> String {
        if ids { return tokens.map(String.init).joined(separator: ",") + "\n" }
        if json {
            let list = tokens.map { token -> JSONValue in
                ["id": .integer(Int64(token)), "piece": .string(tokenizer.piece(of: token))]
            }
            return JSONValue.array(list).line
        }
        let width = tokens.map { String($0).count }.max() ?? 0
        return tokens.map { token in
            let id = String(token)
            let space = String(repeating: " ", count: width - id.count)
            return "\(space)\(id)  \(tokenizer.piece(of: token).onOneLine)\n"
        }.joined()
    }
}
