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
        let start = languages.map { $0.pool?.start() ?? StatePool.dead }
        var isOverLimit = false
        func next(_ states: [Int32], _ byte: UInt8) -> [Int32]? {
            var result = states
            for (index, language) in languages.enumerated() {
                if let pool = language.pool, states[index] != StatePool.dead {
                    result[index] = pool.next(states[index], byte: byte)
                    if result[index] == StatePool.overLimit || pool.stateCount > Limits.machineStates { isOverLimit = true }
                }
                if language.isDemanded, result[index] == StatePool.dead { return nil }
            }
            return isOverLimit ? nil : result
        }
        guard let explored = ExploredStates(from: start, classes: classes, next: next), !isOverLimit else { return nil }
        var known: Set<[Bool]> = [], found: [[Bool]] = []
        for states in explored.states {
            let matches = matches(states)
            let isWanted = zip(languages, matches).allSatisfy { $1 ? !$0.isExcluded : !$0.isDemanded }
            if isWanted, known.insert(matches).inserted { found.append(matches) }
        }
        guard found.count <= Limits.alternatives else { return nil }
        return found.map { wanted in (wanted, explored.machine { matches($0) == wanted }) }
    }

    private func matches(_ states: [Int32]) -> [Bool] { zip(languages, states).map { $0.pool?.accepts($1) ?? false } }
}
