import ArgumentParser
import CommandSupport
import RGEdge

/// What answers are to look like.
struct ConstraintArguments: ParsableArguments {
    @Option(
        name: [.customShort("j"), .long], parsing: .unconditional,
        help: ArgumentHelp("Answer with JSON that fits the JSON Schema in this file.", valueName: "file"),
        completion: .file(extensions: ["json"]))
    var jsonSchema: String?

    @Flag(help: "Answer with JSON, whatever its form.")
    var anyJSON = false

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Answer as the grammar in this file has it, in llama.cpp's notation (GBNF).", valueName: "file"),
        completion: .file(extensions: ["gbnf"]))
    var grammar: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Answer with a text that this regular expression matches as a whole.", valueName: "expression"))
    var regex: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Answer with one of these texts, which commas separate; line breaks, if there are any.", valueName: "texts"))
    var choices: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Let the model call functions: this file has them as OpenAI's API does, and instructions tell the model of them.",
            valueName: "file"),
        completion: .file(extensions: ["json"]))
    var tools: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "auto: a call or words; required: a call; or the name of the function to be called. (default: auto)",
            valueName: "choice"),
        completion: .list(["auto", "required"]))
    var toolChoice: String?

    /// How many of them are given.
    private var count: Int { [jsonSchema, grammar, regex, choices, tools].count { $0 != nil } + (anyJSON ? 1 : 0) }

    /// True if there is one.
    var isGiven: Bool { count > 0 }

    func validate() throws {
        if count > 1 { throw ValidationError("Give one of --json-schema, --any-json, --grammar, --regex, --choices and --tools") }
        if toolChoice != nil, tools == nil { throw ValidationError("--tool-choice goes with --tools FILE") }
        if tools == "" { throw ValidationError("--tools needs the name of a file") }
        if jsonSchema == "" { throw ValidationError("--json-schema needs the name of a file") }
        if grammar == "" { throw ValidationError("--grammar needs the name of a file") }
        if [jsonSchema, grammar, tools].contains(InputText.standardInput) {
            throw ValidationError("--json-schema, --grammar and --tools take a file, not standard input, which is for what follows")
        }
        if let choices, list(choices).contains("") { throw ValidationError("--choices needs texts that are not empty") }
    }

    /// The constraint for answers of a model; nil for none.
    func constraint(for model: Model) throws -> Constraint? {
        if let jsonSchema { return try constraint(.jsonSchema(InputText.contents(ofFile: jsonSchema)), for: model, in: jsonSchema) }
        if let grammar { return try constraint(.gbnf(InputText.contents(ofFile: grammar)), for: model, in: grammar) }
        if let regex { return try model.constraint(.regex(regex)) }
        if let tools = try readTools() { return try model.constraint(.call(tools, choice)) }
        if let choices { return try model.constraint(.choices(list(choices))) }
        return anyJSON ? try model.constraint(.json) : nil
    }

    private func constraint(_ form: Constraint.Form, for model: Model, in path: String) throws -> Constraint {
        do throws(ModelError) {
            return try model.constraint(form)
        } catch {
            throw ModelError(error.kind, "\(path): \(error.description)", code: error.code)
        }
    }

    /// What goes before a conversation: of the tools, and then what the user gave.
    func instructions(and system: String?) throws -> String? {
        guard let tools = try readTools() else { return system }
        return [tools.instructions(choice), system].compactMap(\.self).joined(separator: "\n\n")
    }

    private func readTools() throws -> Tools? {
        guard let tools else { return nil }
        let text = try InputText.contents(ofFile: tools)
        do throws(ModelError) {
            return try Tools(json: text)
        } catch {
            throw ModelError(error.kind, "\(tools): \(error.description)")
        }
    }

    private var choice: Tools.Choice {
        switch toolChoice {
        case nil, "auto": .auto
        case "required": .required
        case let name?: .function(name)
        }
    }

    private func list(_ texts: String) -> [String] {
        texts.split(separator: texts.contains("\n") ? "\n" : ",", omittingEmptySubsequences: false).map(String.init)
    }
}
