import CSIMD
import KernelTypes

extension Tuning {
    /// The rule: what the kernels of an instruction set do on this processor.
    static func best(for set: String) -> Tuning { best(for: set, isAMD: isAMD) }

    /// The same for any processor.
    ///
    /// AMD's since Zen shift and mask beside their multiplications, on units of their own, so that unpacking costs them next to
    /// nothing, while unpacked weights are more to read; only where the registers are short of room is it better. They also find the
    /// lines to come so well that requests are in the way. Intel's multiply and unpack on the same two or three units, and have too
    /// few loads under way. `formats/benchmark.md` has the figures. What is neither gets what Intel's do.
    ///
    /// On ARM nothing was measured on a board yet: the pipeline model has no caches.
    static func best(for set: String, isAMD: Bool) -> Tuning {
        #if arch(x86_64)
        let hasRoom = set == "avx512vnni"
        return Tuning(unpacksStrips: !(isAMD && hasRoom), asksForEachLine: !isAMD)
        #else
        return Tuning(unpacksStrips: false, asksForEachLine: false)
        #endif
    }

    private static var isAMD: Bool {
        #if arch(x86_64)
        csimd_is_amd()
        #else
        false
        #endif
    }
}
