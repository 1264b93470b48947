import Kernels

/// Runs on their way through the model together, as one row of tokens.
///
/// Matrices, norms and MLP don't care whose a token is. What mixes over time is done run by run.
struct Chunk: @unchecked Sendable {
    /// Valid as long as the pass lasts.
    let runs: UnsafeBufferPointer<Run>
    /// Tokens of all runs.
    let count: Int
    /// How many of them have logits that are wanted.
    let wantedCount: Int
    private let tables: Tables

    /// What is looked up for each token or run, in the workspace's memory.
    struct Tables {
        /// [runs + 1]: the number of each run's first token; then ``Chunk/count``.
        let starts: UnsafeMutablePointer<Int32>
        /// [chunk]: the number of each token's run.
        let runs: UnsafeMutablePointer<Int32>
        /// [chunk]: the numbers of the tokens whose logits are wanted.
        let wanted: UnsafeMutablePointer<Int32>
        /// [chunk]: where these logits go.
        let logits: UnsafeMutablePointer<UnsafeMutablePointer<Float>>
    }

    /// Fills the tables, which must have room for the runs.
    init(_ runs: UnsafeBufferPointer<Run>, _ tables: Tables, vocabulary: Int) {
        var count = 0, wantedCount = 0
        for (number, run) in runs.enumerated() {
            tables.starts[number] = Int32(truncatingIfNeeded: count)
            (tables.runs + count).update(repeating: Int32(truncatingIfNeeded: number), count: run.count)
            count += run.count
            let first = count - run.wantedCount
            for token in first..<count {
                switch run.output {
                case .none: break
                case .last(let logits): tables.logits[wantedCount] = logits
                case .all(let logits): tables.logits[wantedCount] = logits + (token - first) * vocabulary
                }
                tables.wanted[wantedCount] = Int32(truncatingIfNeeded: token)
                wantedCount += 1
            }
        }
        tables.starts[runs.count] = Int32(truncatingIfNeeded: count)
        self.runs = runs
        self.count = count
        self.wantedCount = wantedCount
        self.tables = tables
    }

    /// The number of a token's run.
    func run(of token: Int) -> Int { Int(tables.runs[token]) }

    /// The tokens of a run.
    func tokens(ofRun number: Int) -> Range<Int> { Int(tables.starts[number])..<Int(tables.starts[number + 1]) }

    /// The token that wanted logits number `index` come after.
    func wantedToken(_ index: Int) -> Int { Int(tables.wanted[index]) }

    /// Where wanted logits number `index` go. [vocabulary]
    func logits(_ index: Int) -> UnsafeMutablePointer<Float> { tables.logits[index] }

    /// Divides tokens into those of each run.
    @inline(__always)
    func forEachRun(in tokens: Range<Int>, _ body: (_ number: Int, _ tokens: Range<Int>) -> Void) {
        var first = tokens.lowerBound
        while first < tokens.upperBound {
            let number = run(of: first)
            let end = min(tokens.upperBound, self.tokens(ofRun: number).upperBound)
            body(number, first..<end)
            first = end
        }
    }
}

extension ForwardPass {
    /// Shares out the work on runs, of which each has so many `parts`.
    @inline(__always)
    func shareRuns(_ chunk: Chunk, parts: Int, _ member: TeamMember, _ body: (_ number: Int, _ parts: Range<Int>) -> Void) {
        member.share(chunk.runs.count * parts) { items in
            var first = items.lowerBound
            while first < items.upperBound {
                let number = first / parts, start = number * parts
                let end = min(items.upperBound, start + parts)
                if !chunk.tokens(ofRun: number).isEmpty { body(number, first - start..<end - start) }
                first = end
            }
        }
    }
}
