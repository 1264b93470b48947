import FuzzTargets
import Glibc

/// A target on all its inputs and on mutations of them, the same in every run.
struct Replay {
    private static let corpus = "Tests/Fuzz/Corpus/"
    /// Mutations that are tried of the inputs of a target together, and of one that makes or opens a model.
    private static let mutations = 20_000, slowMutations = 5000
    private static let slowTargets = ["rgq", "statistics"]
    private static let columns = [12, -8, -11, -10, -9]

    private let target: FuzzTarget
    private let findings: String

    /// `findings` is a folder for an input that ends the process.
    init(of target: FuzzTarget, findings: String) {
        self.target = target
        self.findings = findings
    }

    static func printTitle() { printRow(["target", "inputs", "mutations", "accepted", "seconds"]) }

    /// Tries it all and prints a row.
    func run() throws(InputFile.Failure) {
        Attempt.keepFindings(in: findings, of: target.name)
        let inputs = target.seeds() + (try InputFile.all(in: Self.corpus + target.name))
        let mutations = Self.slowTargets.contains(target.name) ? Self.slowMutations : Self.mutations
        let start = clock()
        var accepted = 0
        for input in inputs where attempt(input) { accepted += 1 }
        var mutator = Mutator(seed: 15)
        for number in 0..<mutations {
            if attempt(mutator.mutate(inputs[number % inputs.count], largest: target.largestInput)) { accepted += 1 }
        }
        let tenths = (clock() - start) * 10 / Int(CLOCKS_PER_SEC)
        Self.printRow([target.name, "\(inputs.count)", "\(mutations)", "\(accepted)", "\(tenths / 10).\(tenths % 10)"])
    }

    private func attempt(_ input: [UInt8]) -> Bool {
        Attempt.note(input)
        return target.run(input)
    }

    /// Cells to the left in a column of that many characters, or to the right where its width is negative.
    private static func printRow(_ cells: [String]) {
        let padded = zip(cells, columns).map { cell, width in
            let space = String(repeating: " ", count: max(0, abs(width) - cell.utf8.count))
            return width < 0 ? space + cell : cell + space
        }
        Console.show(padded.joined())
    }
}
