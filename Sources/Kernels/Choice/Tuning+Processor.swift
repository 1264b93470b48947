import CSIMD
import KernelTypes

extension Tuning {
    /// The rule: what the kernels of an instruction set do on this processor.
    static func best(for set: String) -> Tuning { best(for: set, isAMD: isAMD) }

    /// The same for any processor.
    ///
    /// Zen 4 shifts and masks beside its multiplications, on units of their own, so that unpacking costs it next to nothing, while
    /// unpacked weights are more to read; only where registers are few is it better. With 512 bits it also finds the lines to come so
    /// well that requests are in the way. Emerald Rapids multiplies and unpacks on the same units, and has too few loads under way.
    /// `formats/benchmark.md` has the figures. Other processors of these makers are taken to be like them, and those of others to be
    /// like Intel's. For AMD's with AVX2 alone the lines are undecided: on Zen 4 `q4` gains by them and `q8` loses.
    ///
    /// ARM's unpack and convert on the two units that multiply, which by the pipeline model costs a quarter of a chunk's time
    /// (`tools/arm/pipeline.md`); asking for lines was not measured on a board yet.
    static func best(for set: String, isAMD: Bool) -> Tuning {
        #if arch(x86_64)
        let hasRoom = set == "avx512vnni"
        return Tuning(unpacksStrips: !(isAMD && hasRoom), asksForEachLine: !isAMD)
        #else
        return Tuning(unpacksStrips: true, asksForEachLine: false)
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
