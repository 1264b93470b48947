import Grammar
import ModelFile
import Text

/// What an answer may look like: a grammar, in the tokens of one model. Made once, used by any number of sessions and threads.
///
/// An answer under a constraint never breaks it: the tokens that may come are known before they are chosen. Where only one may, the
/// model isn't asked; where few may, only their logits are computed. (``GenerationOptions/constraint``.)
public final class Constraint: Sendable {
    /// How the texts are described that may come.
    public enum Form: Hashable, Sendable {
        /// A JSON Schema (draft 2020-12): the JSON texts that it allows. What it supports is listed in <doc:Grammars>; whatever else
        /// demands something is an error.
        case jsonSchema(String)
        /// Any JSON value.
        case json
        /// A grammar in llama.cpp's notation, GBNF, with a rule `root`.
        case gbnf(String)
        /// A regular expression, which the whole text matches.
        case regex(String)
        /// One of some texts.
        case choices([String])
        /// A call of one of some functions, or words, as the choice says.
        case call(Tools, Tools.Choice)
    }

    /// What it was made from.
    public let form: Form
    /// The model whose tokens it knows.
    public let model: Model
    let masks: TokenMasks
    /// Tells constraints apart in saved sessions: a hash of the form.
    let fingerprint: UInt64

    /// Throws, saying where in the form, for one that is wrong or has what isn't supported.
    init(_ form: Form, _ model: Model) throws(ModelError) {
        self.form = form
        self.model = model
        masks = TokenMasks(grammar: try form.grammar(), vocabulary: model.vocabulary)
        fingerprint = Checksum.of(form.bytes.span.bytes)
    }

    /// Bytes that it holds in memory, besides what all constraints of the model share (``Model/vocabularyBytes``), roughly: what has
    /// been needed so far.
    public var byteCount: Int { masks.byteCount + masks.grammar.stateByteCount }

    /// Before the first token of an answer.
    var start: ConstrainedAnswer { ConstrainedAnswer(constraint: self, matcher: masks.grammar.matcher()) }
}

extension Model {
    /// A constraint for answers of this model. Takes milliseconds, and for the first of a model some tenths of a second more, in which
    /// the vocabulary is sorted. Throws, saying where, for a form that is wrong or has what isn't supported.
    public func constraint(_ form: Constraint.Form) throws(ModelError) -> Constraint { try Constraint(form, self) }

    /// The vocabulary, sorted for constraints: made for the first of them.
    var vocabulary: VocabularyTrie {
        sortedVocabulary.withLock { sorted in
            if let sorted { return sorted }
            let tokenizer = tokenizer, size = configuration.vocabularySize
            let role: @Sendable (UInt32) -> PieceRole = { tokenizer.role(of: $0) }
            let made = VocabularyTrie(vocabularySize: size, ends: endTokens, role: tokenizer.areRanked ? role : nil) {
                tokenizer.decode(CollectionOfOne($0))
            }
            sorted = made
            return made
        }
    }

    /// The tokens that end an answer.
    package var endTokens: [UInt32] {
        let endOfTurn = configuration.endOfTurn
        return [configuration.eos] + (endOfTurn.map { $0 == configuration.eos ? [] : [$0] } ?? [])
    }

    /// Bytes that all constraints of the model share; 0 before the first.
    public var vocabularyBytes: Int { sortedVocabulary.withLock { $0?.byteCount ?? 0 } }
}

extension Constraint.Form {
    fileprivate func grammar() throws(ModelError) -> Grammar {
        var schema = "", orWords = false
        if case .call(let tools, let choice) = self { (schema, orWords) = (try tools.schema(choice), choice == .auto) }
        do throws(GrammarError) {
            switch self {
            case .jsonSchema(let schema): return try Grammar(jsonSchema: Array(schema.utf8))
            case .json: return try Grammar.json()
            case .gbnf(let text): return try Grammar(gbnf: text)
            case .regex(let regex): return try Grammar(regex: regex)
            case .choices(let choices): return try Grammar(choices: choices)
            case .call: return try Grammar(jsonSchema: Array(schema.utf8), orWords: orWords)
            }
        } catch {
            throw ModelError(.argument, "the \(name): \(error)")
        }
    }

    private var name: String {
        switch self {
        case .jsonSchema: "JSON schema"
        case .json: "form of JSON"
        case .gbnf: "grammar"
        case .regex: "regular expression"
        case .choices: "list of choices"
        case .call: "JSON schema of the tools"
        }
    }

    /// Different for different forms.
    fileprivate var bytes: [UInt8] {
        switch self {
        case .jsonSchema(let schema): [0] + schema.utf8
        case .json: [1]
        case .gbnf(let text): [2] + text.utf8
        case .regex(let regex): [3] + regex.utf8
        case .choices(let choices): choices.reduce(into: [4]) { $0 += Array($1.utf8) + [0xFF] }
        case .call(let tools, let choice):
            ((try? tools.chosen(choice)) ?? []).reduce(into: [choice == .auto ? 6 : 5]) { $0 += Array($1.schema.utf8) + [0xFF] }
        }
    }
}

extension Constraint {
    /// Bytes that making one takes at most, besides those per byte of its text; with the vocabulary, if that is still to be sorted.
    package static func baseBytes(of model: Model) -> Int {
        growthBytes(of: model) + (model.vocabularyBytes > 0 ? 0 : 400 * model.configuration.vocabularySize)
    }

    /// The same per byte of its text.
    package static let bytesPerTextByte = 1024

    /// Bytes by which one may grow in an answer, at most: a pool of states that is full and another one, and masks.
    package static func growthBytes(of model: Model) -> Int {
        (32 << 20) + 3 * TokenMasks.usualCapacity * (model.configuration.vocabularySize / 8 + 256)
    }
}

extension Constraint: Hashable {
    /// True for the same object.
    public static func == (first: Constraint, second: Constraint) -> Bool { first === second }

    /// Hashes which object it is.
    public func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}
