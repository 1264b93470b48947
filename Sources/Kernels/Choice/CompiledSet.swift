import CSIMD
import KernelTypes

#if arch(x86_64)
import KernelsAVX2
import KernelsAVX512
import KernelsAVXVNNI
import KernelsSSE42
#elseif arch(arm64)
import KernelsDotProd
import KernelsNEON
#endif

/// The kernels of an instruction set that are compiled in, whether or not this processor can run them.
struct CompiledSet {
    let name: String
    let isSupported: @Sendable () -> Bool
    /// Its table. Must not be called on a processor without the instructions: even the code that makes the table uses them.
    let kernels: @Sendable (Tuning) -> KernelSet

    /// All except the scalar reference, slowest first.
    #if arch(x86_64)
    static let all = [
        CompiledSet(name: "x86-64-v2", isSupported: { csimd_has_x86_64_v2() }, kernels: KernelsSSE42.kernelSet),
        CompiledSet(name: "avx2", isSupported: { csimd_has_x86_64_v3() }, kernels: KernelsAVX2.kernelSet),
        CompiledSet(name: "avxvnni", isSupported: { csimd_has_avxvnni() }, kernels: KernelsAVXVNNI.kernelSet),
        CompiledSet(name: "avx512vnni", isSupported: { csimd_has_avx512vnni() }, kernels: KernelsAVX512.kernelSet),
    ]
    #elseif arch(arm64)
    static let all = [
        CompiledSet(name: "neon", isSupported: { true }, kernels: KernelsNEON.kernelSet),
        CompiledSet(name: "neon-dotprod", isSupported: { csimd_has_dotprod_fp16() }, kernels: KernelsDotProd.kernelSet),
    ]
    #endif
}
