import KernelTypes

/// The reference kernels: each formula written down as simply as it can be, one number at a time, in f32.
///
/// Block-quantized products use quantized activations and int32 sums here too, so that other sets agree with these to a few
/// roundings.
enum ScalarKernels {
    static let set = KernelSet(
        name: "scalar", tuning: Tuning(unpacksStrips: false, asksForEachLine: false), quantize: quantize, multiply: multiply,
        unpackedStripBytes: { _, _ in 0 }, row: row, rmsNorm: rmsNorm,
        areFinite: areFinite, multiplyByGELU: multiplyByGELU, convolve: convolve, scan: scan, rotate: rotate, attend: attend,
        attendTogether: attendTogether,
        scratchCount: scratchCount, narrow: narrow, softCap: softCap, arithmeticPeak: arithmeticPeak)
}
