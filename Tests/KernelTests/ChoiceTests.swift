import KernelTypes
import Testing

@testable import Kernels

@Suite("Choice of kernels")
struct ChoiceTests {
    @Test("The reference comes first, the best last, and all that run are compiled in")
    func order() {
        let names = Kernels.available.map(\.name)
        #expect(names.first == "scalar" && Kernels.scalar.name == "scalar")
        #expect(names.last == Kernels.best.name)
        // In the order of the compiled ones, each once.
        #expect(names == Kernels.compiledNames.filter(names.contains))
        #expect(Set(Kernels.compiledNames).count == Kernels.compiledNames.count)
    }

    @Test("Every instruction set of the architecture is compiled in")
    func compiled() {
        #if arch(x86_64)
        #expect(Kernels.compiledNames == ["scalar", "x86-64-v2", "avx2", "avxvnni", "avx512vnni"])
        #elseif arch(arm64)
        #expect(Kernels.compiledNames == ["scalar", "neon", "neon-dotprod", "neon-i8mm"])
        #endif
    }

    @Test("What is better on one maker's processors is chosen by the maker")
    func tuning() {
        #if arch(x86_64)
        for set in ["x86-64-v2", "avx2", "avxvnni", "avx512vnni"] {
            #expect(Tuning.best(for: set, isAMD: false) == Tuning(unpacksStrips: true, asksForEachLine: true))
            let tuning = Tuning(unpacksStrips: set != "avx512vnni", asksForEachLine: false)
            #expect(Tuning.best(for: set, isAMD: true) == tuning)
        }
        #endif
        for kernels in Kernels.available.dropFirst() {
            #expect(kernels.tuning == Tuning.best(for: kernels.name))
            for tuning in Tuning.all {
                let tuned = Kernels.named(kernels.name, tuning)
                #expect(tuned?.name == kernels.name && tuned?.tuning == tuning)
                #expect(Tuning(name: tuning.name) == tuning)
            }
        }
        #expect(Tuning(name: "") == nil && Tuning(name: "lines,strips") == nil)
    }

    @Test("A set is found by its name, unless it is unknown or not for this processor")
    func named() {
        for kernels in Kernels.available { #expect(Kernels.named(kernels.name)?.name == kernels.name) }
        for name in ["", "avx", "AVX2", "scalar "] { #expect(Kernels.named(name) == nil) }
        let runnable = Kernels.available.map(\.name)
        for name in Kernels.compiledNames where !runnable.contains(name) { #expect(Kernels.named(name) == nil) }
    }
}
