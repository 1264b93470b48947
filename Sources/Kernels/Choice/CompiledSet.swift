import CSIMD
import KernelTypes

#if arch(x86_64)
import KernelsAVX2
import KernelsAVX512
import KernelsAVXVNNI
import KernelsSSE42
#elseif arch(arm64)
import KernelsDotProd
import KernelsI8MM
import KernelsNEON
#endif

/// A table of functions of an instruction set that is compiled in, whether or not this processor can run them.
struct CompiledSet<Table> {
    let name: String
    let isSupported: @Sendable () -> Bool
    /// Its table. Must not be called on a processor without the instructions: even the code that makes the table uses them.
    let table: @Sendable () -> Table
}

/// A table of kernels for each tuning.
typealias TunedKernels = @Sendable (Tuning) -> KernelSet

extension CompiledSet where Table == TunedKernels {
    /// All kernels except the scalar reference, slowest first.
    #if arch(x86_64)
    static let all = [
        CompiledSet(name: "x86-64-v2", isSupported: { csimd_has_x86_64_v2() }, table: { KernelsSSE42.kernelSet }),
        CompiledSet(name: "avx2", isSupported: { csimd_has_x86_64_v3() }, table: { KernelsAVX2.kernelSet }),
        CompiledSet(name: "avxvnni", isSupported: { csimd_has_avxvnni() }, table: { KernelsAVXVNNI.kernelSet }),
        CompiledSet(name: "avx512vnni", isSupported: { csimd_has_avx512vnni() }, table: { KernelsAVX512.kernelSet }),
    ]
    #elseif arch(arm64)
    static let all = [
        CompiledSet(name: "neon", isSupported: { true }, table: { KernelsNEON.kernelSet }),
        CompiledSet(name: "neon-dotprod", isSupported: { csimd_has_dotprod_fp16() }, table: { KernelsDotProd.kernelSet }),
        CompiledSet(name: "neon-i8mm", isSupported: { csimd_has_i8mm() }, table: { KernelsI8MM.kernelSet }),
    ]
    #endif
}

extension CompiledSet<CodecSet> {
    /// All codecs, slowest first: those for every processor of the architecture, and wider ones. What lies between has nothing that
    /// codecs could use.
    #if arch(x86_64)
    static let all = [
        CompiledSet(name: codecSetName, isSupported: { true }, table: { codecSet }),
        CompiledSet(name: "avx2", isSupported: { csimd_has_x86_64_v3() }, table: { KernelsAVX2.codecSet }),
        CompiledSet(name: "avx512", isSupported: { csimd_has_avx512vnni() }, table: { KernelsAVX512.codecSet }),
    ]
    #elseif arch(arm64)
    static let all = [CompiledSet(name: codecSetName, isSupported: { true }, table: { codecSet })]
    #endif
}
