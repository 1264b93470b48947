/// Why a text is no grammar, or none that can be used.
public struct GrammarError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Where in the text something is wrong.
    public enum Place: Equatable, Sendable {
        /// In the text as a whole.
        case whole
        /// A line, and the character (Unicode scalar) in it; both from 1 on.
        case line(Int, column: Int)
        /// The character (Unicode scalar) of a regular expression, from 1 on.
        case character(Int)
        /// A rule of a grammar.
        case rule(String)
        /// A JSON pointer (RFC 6901) into a schema, which begins with `#`.
        case path(String)
    }

    /// Where it is.
    public let place: Place
    /// What is wrong, in a clause.
    public let problem: String
    /// What to do, in a clause; empty where the problem says it.
    public let advice: String

    init(_ place: Place, _ problem: String, advice: String = "") {
        self.place = place
        self.problem = problem
        self.advice = advice
    }

    /// Where, what and what to do, on one line.
    public var description: String {
        let place =
            switch self.place {
            case .whole: ""
            case .line(let line, let column): "line \(line), column \(column): "
            case .character(let number): "character \(number): "
            case .rule(let name): "rule \(name): "
            case .path(let path): "\(path): "
            }
        return place + problem + (advice.isEmpty ? "" : "; \(advice)")
    }
}
