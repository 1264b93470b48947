// What `tools/fuzz` runs without libFuzzer.
//
//   fuzz-replay run FINDINGS TARGET…       seeds, corpus and mutations of targets; what ends the process is kept in a folder
//   fuzz-replay inputs TARGET FILE…        the inputs in these files
//   fuzz-replay seeds TARGET FOLDER        writes the seeds into a folder
//   fuzz-replay list                       the targets, and the bytes of the largest input of each
import FuzzTargets

let arguments = Array(CommandLine.arguments.dropFirst())

func target(_ name: String) -> FuzzTarget {
    guard let target = FuzzTarget.named(name) else { Console.fail("there is no target \(name), but \(FuzzTarget.all.map(\.name))") }
    return target
}

do {
    switch (arguments.first, arguments.count) {
    case ("run", 3...):
        Replay.printTitle()
        for name in arguments[2...] { try Replay(of: target(name), findings: arguments[1]).run() }
    case ("inputs", 3...):
        for path in arguments[2...] {
            let isAccepted = target(arguments[1]).run(try InputFile.read(path))
            Console.show("\(path): \(isAccepted ? "accepted" : "refused")")
        }
    case ("seeds", 3):
        for (number, seed) in target(arguments[1]).seeds().enumerated() {
            try InputFile.write(seed, to: "\(arguments[2])/seed-\(number)")
        }
    case ("list", 1):
        for target in FuzzTarget.all { Console.show("\(target.name) \(target.largestInput)") }
    default: Console.fail("unknown arguments \(arguments)")
    }
} catch {
    Console.fail(error.text)
}
