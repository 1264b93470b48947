import Griffin
import System
import Tiles

/// A choice of type for the tensors whose names match a pattern: `PATTERN=TYPE`.
public struct TensorTypeRule: Equatable, Sendable, CustomStringConvertible {
    /// A name, in which `*` stands for any number of characters, including none, and `?` for exactly one.
    public let pattern: String
    /// The type of tensors with such a name.
    public let type: WeightType

    /// The type for names that match a pattern.
    public init(pattern: String, type: WeightType) {
        self.pattern = pattern
        self.type = type
    }

    /// Reads `PATTERN=TYPE`.
    public init(parsing text: String) throws(FileProblem) {
        let form = "write PATTERN=TYPE, such as '*.rg_lru.*=q8', with \(WeightType.names) for the type"
        func fail(_ problem: String) -> FileProblem {
            FileProblem(.option, path: "--tensor-type", problem: problem, advice: form)
        }
        guard let sign = text.lastIndex(of: "=") else { throw fail("\"\(text)\" has no \"=\"") }
        guard sign > text.startIndex else { throw fail("\"\(text)\" has no pattern") }
        let name = text[text.index(after: sign)...]
        guard let type = WeightType(name: name) else { throw fail("\"\(name)\" is not a type") }
        self.init(pattern: String(text[..<sign]), type: type)
    }

    /// The rule in the form in which it is read.
    public var description: String { "\(pattern)=\(type.name)" }

    /// True if the pattern matches all of a name.
    public func matches(_ name: String) -> Bool {
        let pattern = Array(self.pattern.utf8), name = Array(name.utf8)
        var inPattern = 0, inName = 0
        // Where to go on if what follows the last star doesn't fit: the star takes one more character.
        var retry: (pattern: Int, name: Int)?
        while inName < name.count {
            if inPattern < pattern.count, pattern[inPattern] == UInt8(ascii: "*") {
                retry = (inPattern + 1, inName)
                inPattern += 1
            } else if inPattern < pattern.count, pattern[inPattern] == UInt8(ascii: "?") || pattern[inPattern] == name[inName] {
                inPattern += 1
                inName += 1
            } else if let last = retry {
                retry = (last.pattern, last.name + 1)
                inPattern = last.pattern
                inName = last.name + 1
            } else {
                return false
            }
        }
        return pattern[inPattern...].allSatisfy { $0 == UInt8(ascii: "*") }
    }
}

extension WeightType {
    /// The names of all types for a message.
    static let names = WeightType.allCases.map(\.name).joined(separator: ", ")
}

extension TensorTypeRule {
    /// The type of each tensor of a plan: for a matrix the type of the last rule that matches, or else of the preset; for a plain
    /// tensor f32, whatever matches. Throws for a rule that matches no matrix.
    static func types(
        of plan: [PlannedTensor], preset: TypePreset, rules: [TensorTypeRule]
    ) throws(FileProblem) -> [WeightType] {
        for rule in rules where !plan.contains(where: { $0.isTiled && rule.matches($0.name) }) {
            let plain = plan.first { rule.matches($0.name) }
            let problem = plain.map { "matches only tensors that always stay f32, such as \($0.name)" }
            let matrices = plan.filter(\.isTiled).map(\.name)
            throw FileProblem(
                .option, path: "--tensor-type \(rule)", problem: problem ?? "matches no tensor of this model",
                advice: "matrices have names such as \(FileProblem.list(matrices))")
        }
        return zip(plan, preset.types(of: plan)).map { tensor, type in
            tensor.isTiled ? rules.last { $0.matches(tensor.name) }?.type ?? type : .f32
        }
    }
}
