import KernelTypes

/// The kernels of this module's instruction set, for processors of one kind.
public func kernelSet(_ tuning: Tuning) -> KernelSet {
    KernelSet(
        name: instructionSetName, tuning: tuning, quantize: quantize, multiply: { multiply($0, $1, $2, tuning) },
        unpackedStripBytes: { tuning.unpacksStrips ? unpackedStripBytes($0, $1) : 0 }, row: row, rmsNorm: rmsNorm,
        areFinite: areFinite, multiplyByGELU: multiplyByGELU, convolve: convolve, scan: scan, rotate: rotate, attend: attend,
        attendTogether: attendTogether, scratchCount: scratchCount, narrow: narrow, softCap: softCap, arithmeticPeak: arithmeticPeak
    )
}
