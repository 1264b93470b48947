import Kernels
import Tiles

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
    /// The rows of tiles of the head that have all the logits that are wanted; nil for all rows. In rising order.
    let headRowTiles: UnsafeBufferPointer<Int32>?
    /// True if the tokens have been through the layers before.
    let isHeadOnly: Bool
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
        /// [the head's rows of tiles]: those that are wanted, if they are few.
        let headRowTiles: UnsafeMutablePointer<Int32>
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
                case .all(let logits), .from(_, let logits): tables.logits[wantedCount] = logits + (token - first) * vocabulary
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
        headRowTiles = Self.headRowTiles(runs, tables.headRowTiles, vocabulary: vocabulary)
        isHeadOnly = false
    }

    /// A token that has been through the layers, of no run. [vocabulary]
    init(headOnly logits: UnsafeMutablePointer<Float>, _ tables: Tables) {
        tables.runs[0] = 0
        tables.wanted[0] = 0
        tables.logits[0] = logits
        runs = UnsafeBufferPointer(start: nil, count: 0)
        count = 1
        wantedCount = 1
        self.tables = tables
        headRowTiles = nil
        isHeadOnly = true
    }

    /// Writes the numbers of the rows of tiles that have what any run wants to `tiles`; nil if one wants all.
    private static func headRowTiles(
        _ runs: UnsafeBufferPointer<Run>, _ tiles: UnsafeMutablePointer<Int32>, vocabulary: Int
    ) -> UnsafeBufferPointer<Int32>? {
        guard runs.allSatisfy({ $0.wantedCount == 0 || $0.rows != nil }) else { return nil }
        let rowTiles = (vocabulary + Tile.rows - 1) / Tile.rows, perWord = 64 / Tile.rows
        var count = 0
        for word in 0..<(vocabulary + 63) / 64 {
            var bits: UInt64 = 0
            for run in runs where run.wantedCount > 0 {
                if let rows = run.rows, word < rows.count { bits |= rows[word] }
            }
            guard bits != 0 else { continue }
            for part in 0..<perWord where bits >> UInt64(part * Tile.rows) & (1 << UInt64(Tile.rows) - 1) != 0 {
                let rowTile = word * perWord + part
                guard rowTile < rowTiles else { break }
                tiles[count] = Int32(truncatingIfNeeded: rowTile)
                count += 1
            }
        }
        return UnsafeBufferPointer(start: tiles, count: count)
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
