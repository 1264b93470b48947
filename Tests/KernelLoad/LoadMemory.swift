import KernelTypes
import Tiles

/// Operands for kernels, freed together. All numbers are harmless: small, and no infinities or the like.
final class LoadMemory {
    private var allocations: [UnsafeMutableRawPointer] = []

    deinit {
        for allocation in allocations { allocation.deallocate() }
    }

    /// Room for what a kernel writes and reads again.
    func bytes(_ count: Int) -> UnsafeMutableRawPointer { allocate(count) }

    private func allocate(_ byteCount: Int) -> UnsafeMutableRawPointer {
        let allocation = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: 64)
        allocations.append(allocation)
        return allocation
    }

    /// Numbers around 0, to 1.
    func floats(_ count: Int) -> UnsafeMutablePointer<Float> {
        let floats = allocate(count * MemoryLayout<Float>.stride).bindMemory(to: Float.self, capacity: count)
        for index in 0..<count { floats[index] = Float(index % 201 - 100) / 100 }
        return floats
    }

    /// The bits of numbers in f16, from 0.5 to 1.
    func halves(_ count: Int) -> UnsafeMutablePointer<UInt16> {
        let halves = allocate(count * MemoryLayout<UInt16>.stride).bindMemory(to: UInt16.self, capacity: count)
        for index in 0..<count { halves[index] = 0x3800 + UInt16(index % 1024) }
        return halves
    }

    /// Exponents of keys or values: 0.
    func exponents(_ count: Int) -> UnsafeMutablePointer<Int8> {
        let exponents = allocate(count).bindMemory(to: Int8.self, capacity: count)
        exponents.update(repeating: 0, count: count)
        return exponents
    }

    /// Tiles of all kinds of weights: whatever is read of them as a number is like those of ``halves(_:)``, or no larger.
    func tiles(_ shape: MatrixShape, _ type: WeightType) -> UnsafeRawPointer {
        let byteCount = shape.byteCount(type)
        return UnsafeRawPointer(halves(byteCount / MemoryLayout<UInt16>.stride))
    }

    /// Room for quantized activations.
    func quantized(_ shape: MatrixShape, tokens: Int) -> QuantizedActivations {
        let codes = tokens * QuantizedActivations.codeCount(shape), blocks = tokens * QuantizedActivations.blockCount(shape)
        return QuantizedActivations(
            codes: allocate(codes).bindMemory(to: Int8.self, capacity: codes), scales: floats(blocks),
            sums: allocate(blocks * MemoryLayout<Int32>.stride).bindMemory(to: Int32.self, capacity: blocks))
    }
}
