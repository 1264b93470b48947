import JSON

extension SchemaReader {
    /// The alternatives of `oneOf`: each with the opposite of those that may hold at the same time.
    func exclusiveChoices(_ choices: [SchemaPart], _ part: SchemaPart, _ depth: Int) throws(GrammarError) -> [[SchemaPart]] {
        guard depth < Self.deepest else {
            throw part.error("has oneOf in oneOf too often", advice: "use anyOf where alternatives may overlap")
        }
        var all: [[SchemaShape]] = []
        for choice in choices { all.append(try shapes(of: [choice], depth: depth + 1)) }
        var result = choices.map { [$0] }
        for first in all.indices {
            for second in all.indices.dropFirst(first + 1) {
                guard try !areDisjoint(all[first], all[second], depth) else { continue }
                for (one, other) in [(first, second), (second, first)] {
                    do throws(GrammarError) {
                        _ = try shapes(of: [choices[other].negated], depth: depth + 1)
                    } catch {
                        throw part.error(
                            "oneOf: alternatives \(first) and \(second) may both hold, and what doesn't follow \(other) can't be said (\(error))",
                            advice: "use anyOf, or give them a required property with different constants")
                    }
                    result[one].append(choices[other].negated)
                }
            }
        }
        return result
    }

    private static let deepest = 8

    private func areDisjoint(_ left: [SchemaShape], _ right: [SchemaShape], _ depth: Int) throws(GrammarError) -> Bool {
        for one in left {
            for other in right where try !areDisjoint(one, other, depth) { return false }
        }
        return true
    }

    /// Whether it is certain that no value follows both.
    private func areDisjoint(_ left: SchemaShape, _ right: SchemaShape, _ depth: Int) throws(GrammarError) -> Bool {
        try work.take()
        if let first = left.values, let second = right.values {
            return !first.contains { value in second.contains(value) }
        }
        let common = left.types.intersection(right.types)
        for (one, other) in [(left, right), (right, left)] {
            guard let values = one.values else { continue }
            return values.allSatisfy { value in
                !other.types.contains(SchemaTypes(value)) || other.excluded.contains(value)
            }
        }
        if !common.isDisjoint(with: [.null, .boolean]) { return false }
        if !common.isDisjoint(with: [.integer, .fraction]), !left.numbers.excludes(right.numbers) { return false }
        if common.contains(.string), try !stringsDiffer(left, right) { return false }
        if common.contains(.array), try !arraysDiffer(left, right, depth) { return false }
        if common.contains(.object) { return try objectsDiffer(left, right, depth) }
        return true
    }

    /// Formats don't count: what is made of one is only a part of what it allows.
    private func stringsDiffer(_ left: SchemaShape, _ right: SchemaShape) throws(GrammarError) -> Bool {
        if left.maxLength ?? .max < right.minLength || right.maxLength ?? .max < left.minLength { return true }
        guard !left.patterns.isEmpty || !right.patterns.isEmpty else { return false }
        var both = SchemaShape()
        both.minLength = max(left.minLength, right.minLength)
        both.maxLength = left.maxLength.map { min($0, right.maxLength ?? $0) } ?? right.maxLength
        both.patterns = left.patterns + right.patterns
        both.otherPatterns = left.otherPatterns + right.otherPatterns
        let place = both.patterns[0].part
        return try SchemaCompiler(reader: self).product(of: both, place).machines()?.isEmpty == true
    }

    /// Whether their numbers of items, or their first items, can't be the same.
    private func arraysDiffer(_ left: SchemaShape, _ right: SchemaShape, _ depth: Int) throws(GrammarError) -> Bool {
        let least = [left, right].map { $0.arrays.compactMap { $0.value["minItems"]?.intValue }.max() ?? 0 }
        let most = [left, right].map { $0.arrays.compactMap { $0.value["maxItems"]?.intValue }.min() ?? .max }
        if least[0] > most[1] || least[1] > most[0] { return true }
        guard depth < Self.deepest, max(least[0], least[1]) > 0 else { return false }
        var firsts: [[SchemaShape]] = []
        for shape in [left, right] {
            let parts = shape.arrays.compactMap { part in
                let items = SchemaItems(part)
                return items.first.first ?? items.rest
            }
            firsts.append(try shapes(of: parts, depth: depth + 1))
        }
        return try areDisjoint(firsts[0], firsts[1], depth + 1)
    }

    /// Whether a property that one demands can't be what the other allows it to be.
    private func objectsDiffer(_ left: SchemaShape, _ right: SchemaShape, _ depth: Int) throws(GrammarError) -> Bool {
        guard depth < Self.deepest else { return false }
        for (one, other) in [(left, right), (right, left)] {
            for name in Set(one.objects.flatMap { Self.required($0) }).sorted() {
                let theirs = try shapes(of: values(of: name, other), depth: depth + 1)
                let ours = try shapes(of: values(of: name, one), depth: depth + 1)
                if try areDisjoint(ours, theirs, depth + 1) { return true }
            }
        }
        return false
    }

    /// What is certainly asked of a property.
    private func values(of name: String, _ shape: SchemaShape) -> [SchemaPart] {
        shape.objects.compactMap { part in
            if let schema = part.value["properties"]?[name] { return part.child("properties", name, value: schema) }
            guard part.value["patternProperties"] == nil else { return nil }
            return part.value["additionalProperties"].map { part.child("additionalProperties", value: $0) }
        }
    }
}
