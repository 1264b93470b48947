// kernel-load SET OPERATION ROUNDS: runs one operation of one set of kernels so often, whether or not
// this processor can run the set.
//
// kernel-load --operations: their names, the calls that a token of RecurrentGemma 2B takes, and a call's multiplications and bytes.
//
// `tools/test-arm` counts the instructions of it, has processors modelled that run it (`tools/arm/pipeline`), and shows with it that a
// set which is not chosen would have died.
import Glibc
import KernelTypes
import KernelsDotProd
import KernelsI8MM
import KernelsNEON

let sets = [
    "neon": KernelsNEON.kernelSet, "neon-dotprod": KernelsDotProd.kernelSet, "neon-i8mm": KernelsI8MM.kernelSet,
]
let arguments = CommandLine.arguments.dropFirst()
if arguments == ["--operations"] {
    for (name, operation, calls) in Operation.all { print(name, calls, operation.multiplications, operation.bytes) }
} else if arguments.count == 3, let set = sets[arguments[1]], let operation = Operation(name: arguments[2]),
    let rounds = Int(arguments[3]), rounds >= 0
{
    operation.run(set(Tuning(unpacksStrips: true, asksForEachLine: false)), rounds: rounds)
} else {
    let sets = sets.keys.sorted().joined(separator: "|")
    print("usage: kernel-load --operations\n       kernel-load \(sets) OPERATION ROUNDS")
    exit(64)
}
