import Glibc
import System

extension Checkpoint {
    /// Numbers that are read and widened together, so that they are still in the processor's cache when they are widened.
    static let readLength = 32 * 1024

    /// Reads numbers `elements` of a tensor, counted row-major, and widens them to f32, which is exact.
    ///
    /// `destination` has room for all of them. Throws if the file can't be read, or was cut short, and for a NaN or an infinity,
    /// naming the tensor and the place in it; the contents of `destination` are undefined then.
    public func read(
        _ tensor: CheckpointTensor, elements: Range<Int>, into destination: UnsafeMutablePointer<Float>
    ) throws(FileProblem) {
        precondition(elements.lowerBound >= 0 && elements.upperBound <= tensor.count, "elements are outside the tensor")
        let file = weightFiles[tensor.file]
        var first = elements.lowerBound
        while first < elements.upperBound {
            let count = min(Checkpoint.readLength, elements.upperBound - first)
            let part = UnsafeMutableRawPointer(destination + (first - elements.lowerBound))
            // Narrow numbers go to the end of the room for the wide ones and are widened in place, from the front.
            let narrow = UnsafeMutableRawBufferPointer(
                start: part + count * (MemoryLayout<Float>.size - tensor.type.bytes), count: count * tensor.type.bytes)
            try file.read(at: tensor.byteRange.lowerBound + first * tensor.type.bytes, into: narrow)
            guard widenInPlace(part, count: count, from: tensor.type) else {
                throw nonFiniteError(tensor, first..<first + count, destination + (first - elements.lowerBound))
            }
            first += count
        }
    }

    /// Says that numbers `elements` of a tensor won't be read again.
    ///
    /// Nothing of them is held here. But a checkpoint of more than half of the machine's memory would push everything else out of
    /// the system's file cache, and still not fit there for a second pass, so what was read of such a checkpoint leaves the cache.
    public func release(_ tensor: CheckpointTensor, elements: Range<Int>) {
        guard totalBytes > Checkpoint.physicalMemory / 2 else { return }
        let start = tensor.byteRange.lowerBound
        weightFiles[tensor.file].dropFromCache(
            start + elements.lowerBound * tensor.type.bytes..<start + elements.upperBound * tensor.type.bytes)
    }

    /// Bytes of memory of this machine.
    private static let physicalMemory = {
        let (bytes, overflow) = sysconf(Int32(_SC_PHYS_PAGES)).multipliedReportingOverflow(by: sysconf(Int32(_SC_PAGESIZE)))
        return overflow ? Int.max : bytes
    }()

    /// The error for the first NaN or infinity of `elements`, whose widened values lie at `values`.
    private func nonFiniteError(
        _ tensor: CheckpointTensor, _ elements: Range<Int>, _ values: UnsafePointer<Float>
    ) -> FileProblem {
        let found = nonFinite(values, count: elements.count, widenedFrom: tensor.type) ?? (index: 0, isNaN: true)
        let element = elements.lowerBound + found.index
        return FileProblem(
            .content, path: weightFiles[tensor.file].path,
            problem: "tensor \(printable(tensor.name)) has \(found.isNaN ? "a NaN" : "an infinity") at "
                + "\(tensor.indices(of: element))",
            advice: "download the file again, or take a checkpoint whose weights are all finite")
    }
}
