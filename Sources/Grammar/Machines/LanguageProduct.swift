/// Languages that are read side by side, so that texts are told apart by which of them they are in: intersections and complements of
/// regular expressions.
///
/// Each must be regular: made without rules that contain themselves.
struct LanguageProduct {
    private struct Language {
        /// Nil if no text is in it.
        var pool: StatePool?
        /// Whether texts that are not in it are left out.
        var isDemanded: Bool
        /// Whether texts that are in it are left out.
        var isExcluded: Bool
    }

    private var languages: [Language] = []
    private var classes = ByteClasses()

    /// Adds the language of an expression. Only texts in a demanded one come out, and none in an excluded one.
    mutating func add(
        _ builder: ExpressionBuilder, _ root: ExpressionID, isDemanded: Bool = false, isExcluded: Bool = false
    ) throws(GrammarError) {
        // An expression beyond the limit looks like one that matches nothing.
        guard !builder.isOverLimit else { throw Program.tooLarge }
        var pool: StatePool?
        if root != builder.never {
            do throws(GrammarError) { pool = StatePool(try Program(builder, root: root)) } catch {
                // Sets of characters that are empty: no text is in the language.
                guard error == Program.matchesNothing else { throw error }
            }
        }
        if let pool { classes.split(by: pool.program.classes) }
        languages.append(Language(pool: pool, isDemanded: isDemanded, isExcluded: isExcluded))
    }

    /// A machine for each set of languages that texts are in and no others; `matches` has the languages in the order in which they were
    /// added. Nil if it takes too many states.
    func machines() -> [(matches: [Bool], machine: ByteMachine)]? {
        var tuples = Tuples(languages.count), isOverLimit = false
        let start = tuples.number(languages.map { $0.pool?.start() ?? StatePool.dead })
        var result = [Int32](repeating: 0, count: languages.count)
        func next(_ state: Int32, _ byte: UInt8) -> Int32? {
            for (index, language) in languages.enumerated() {
                let before = tuples.part(index, of: state)
                var after = StatePool.dead
                if let pool = language.pool, before != StatePool.dead {
                    after = pool.next(before, byte: byte)
                    if after == StatePool.overLimit || pool.stateCount > Limits.machineStates { isOverLimit = true }
                }
                if language.isDemanded, after == StatePool.dead { return nil }
                result[index] = after
            }
            return isOverLimit ? nil : tuples.number(result)
        }
        guard let explored = ExploredStates(from: start, classes: classes, next: next), !isOverLimit else { return nil }
        var known: Set<[Bool]> = [], found: [[Bool]] = []
        for state in explored.states {
            let matches = matches(tuples, state)
            let isWanted = zip(languages, matches).allSatisfy { $1 ? !$0.isExcluded : !$0.isDemanded }
            if isWanted, known.insert(matches).inserted { found.append(matches) }
        }
        guard found.count <= Limits.alternatives else { return nil }
        return found.map { wanted in (wanted, explored.machine { matches(tuples, $0) == wanted }) }
    }

    private func matches(_ tuples: Tuples, _ state: Int32) -> [Bool] {
        languages.indices.map { languages[$0].pool?.accepts(tuples.part($0, of: state)) ?? false }
    }

    /// States of all languages, numbered, each combination once.
    private struct Tuples {
        private let count: Int
        private var parts: [Int32] = []
        /// By the number of all but the last part, and the last; these beginnings have numbers of their own.
        private var numbers: [[UInt64: Int32]]

        init(_ count: Int) {
            self.count = count
            numbers = Array(repeating: [:], count: count)
        }

        mutating func number(_ tuple: [Int32]) -> Int32 {
            var number: Int32 = 0
            for (index, part) in tuple.enumerated() {
                let key = UInt64(UInt32(bitPattern: number)) << 32 | UInt64(UInt32(bitPattern: part))
                if let known = numbers[index][key] {
                    number = known
                    continue
                }
                number = Int32(numbers[index].count)
                numbers[index][key] = number
                if index == count - 1 { parts += tuple }
            }
            return number
        }

        func part(_ index: Int, of number: Int32) -> Int32 { parts[Int(number) * count + index] }
    }
}
