import ArgumentParser
import CommandSupport
import RGEdge

/// What answers are to look like.
struct ConstraintArguments: ParsableArguments {
    @Option(
        name: [.customShort("j"), .long], parsing: .unconditional,
        help: ArgumentHelp("Answer with JSON that fits the JSON Schema in this file.", valueName: "file"))
    var jsonSchema: String?

    @Flag(help: "Answer with JSON, whatever its form.")
    var anyJSON = false

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Answer as the grammar in this file has it, in llama.cpp's notation (GBNF).", valueName: "file"))
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

    /// How many of them are given.
    private var count: Int { [jsonSchema, grammar, regex, choices].count { $0 != nil } + (anyJSON ? 1 : 0) }

    /// True if there is one.
    var isGiven: Bool { count > 0 }

    func validate() throws {
        if count > 1 { throw ValidationError("Give one of --json-schema, --any-json, --grammar, --regex and --choices") }
        if jsonSchema == "" { throw ValidationError("--json-schema needs the name of a file") }
        if grammar == "" { throw ValidationError("--grammar needs the name of a file") }
        if [jsonSchema, grammar].contains(InputText.standardInput) {
            throw ValidationError("--json-schema and --grammar take a file, not standard input, which is for what follows")
        }
        if let choices, list(choices).contains("") { throw ValidationError("--choices needs texts that are not empty") }
    }

    /// The constraint for answers of a model; nil for none.
    func constraint(for model: Model) throws -> Constraint? {
        if let jsonSchema { return try constraint(.jsonSchema(InputText.contents(ofFile: jsonSchema)), for: model, in: jsonSchema) }
        if let grammar { return try constraint(.gbnf(InputText.contents(ofFile: grammar)), for: model, in: grammar) }
        if let regex { return try model.constraint(.regex(regex)) }
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

    private func list(_ texts: String) -> [String] {
        texts.split(separator: texts.contains("\n") ? "\n" : ",", omittingEmptySubsequences: false).map(String.init)
    }
}
