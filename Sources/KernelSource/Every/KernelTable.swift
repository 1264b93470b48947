import KernelTypes

/// The kernels of this module's instruction set.
public let kernelSet = KernelSet(
    name: instructionSetName, quantize: quantize, multiply: multiply, row: row, rmsNorm: rmsNorm, areFinite: areFinite,
    multiplyByGELU: multiplyByGELU, convolve: convolve, scan: scan, rotate: rotate, attend: attend, scratchCount: scratchCount,
    narrow: narrow, softCap: softCap, arithmeticPeak: arithmeticPeak)
