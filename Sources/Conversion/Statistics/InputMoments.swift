import Glibc
import Griffin
import KernelTypes
import Kernels
import ModelFile
import System
import Tiles

/// The sums of the products x_i · x_j of the inputs of every matrix over the tokens that are fed while it observes their products,
/// in ``InputGroups``: what decides how errors are moved from weight to weight.
///
/// Matrices that read the same input share their sums (``PlannedTensor/inputName``), which come in the order of the plan. A chunk's
/// products are summed in f32, and its sums are added in f32: some 1e-7 of the larger number is lost each time. Each sum is one
/// thread's work at a time, token after token, so it is the same for any number of threads. Not to be read while a chunk is
/// computed.
public final class InputMoments {
    /// The sums of one input.
    private struct Sums {
        /// Matrices in the stack.
        let count: Int
        let groups: InputGroups
        /// The floats of each group, as ``Strips`` lays them out.
        let start: UnsafeMutablePointer<Float>
        let stride: Int
    }

    private let memory: UnsafeMutablePointer<Float>
    private let sums: [Sums]
    /// Which of the sums belong to a tensor of the file, by the tensor's number; nil for tensors that aren't the first to read
    /// their input.
    private let indexOfTensor: [Int?]
    /// Tokens whose products are in each of the sums.
    private let tokenCounts: UnsafeMutablePointer<Int>

    /// Sums of zeros for all inputs of a file with the tensors of a plan; nil if the system has no memory for them.
    public init?(file: ModelFile, plan: [PlannedTensor]) {
        let inputs = plan.filter { $0.isTiled && $0.inputName == $0.name }
        let shapes = inputs.compactMap(\.matrixShape)
        let groups = shapes.map { InputGroups(columns: $0.columns) }
        let strides = groups.map { Strips(columns: $0.inputs(ofGroup: 0).count).count }
        let counts = shapes.indices.map { shapes[$0].count * groups[$0].count * strides[$0] }
        let memory = SystemMemory.zeroed(Float.self, count: counts.reduce(0, +))
        let tokenCounts = SystemMemory.zeroed(Int.self, count: counts.count)
        guard let memory, let tokenCounts else {
            free(memory)
            free(tokenCounts)
            return nil
        }
        self.memory = memory
        self.tokenCounts = tokenCounts
        var sums: [Sums] = []
        var start = memory
        for index in inputs.indices {
            sums.append(
                Sums(count: shapes[index].count, groups: groups[index], start: start, stride: strides[index]))
            start += counts[index]
        }
        self.sums = sums
        let indexOfName = Dictionary(uniqueKeysWithValues: inputs.indices.map { (inputs[$0].name, $0) })
        indexOfTensor = file.tensors.map { indexOfName[$0.name] }
    }

    deinit {
        free(memory)
        free(tokenCounts)
    }

    /// Calls `body` with the mean products of the groups of inputs in order, for a stack those of its first matrix, then those of
    /// the next: the lower triangle of each group, row by row, as ``InputGroups`` counts them. Zeros if nothing was fed.
    public func forEachTriangle<Failure>(_ body: ([Float]) throws(Failure) -> Void) throws(Failure) {
        for (index, sums) in sums.enumerated() {
            let scale = 1 / Double(max(1, tokenCounts[index]))
            for group in 0..<sums.count * sums.groups.count {
                let strips = Strips(columns: sums.groups.inputs(ofGroup: group).count)
                try body(strips.triangle(sums.start + group * sums.stride).map { Float(Double($0) * scale) })
            }
        }
    }

    /// Adds the inputs of a product that is about to be computed, together with the other members; returns when everything is
    /// added.
    func add(_ product: MatrixProduct, _ member: TeamMember) {
        guard let index = indexOfTensor[product.matrix.number] else { return }
        let sums = sums[index], groups = sums.groups
        member.share(sums.count * groups.count) { range in
            if range.contains(0) { tokenCounts[index] += product.tokens }
            for group in range {
                let inputs = groups.inputs(ofGroup: group)
                let input = product.input + group / groups.count * groups.columns + inputs.lowerBound
                Strips(columns: inputs.count).add(
                    input, stride: product.inputStride, tokens: product.tokens, to: sums.start + group * sums.stride)
            }
        }
    }
}

/// How the sums of a group of inputs lie: four rows of the lower triangle are a strip, made of patches of 4 × 8 numbers up to the
/// one with the diagonal. A patch is what fits the registers while the tokens pass.
private struct Strips {
    let columns: Int

    private var strips: Int { (columns + 7) / 8 * 2 }

    /// Floats, those beyond the diagonal included.
    var count: Int { Self.start(strips) }

    /// Where a strip starts: after strips of 1, 1, 2, 2, 3, 3, … patches.
    private static func start(_ strip: Int) -> Int { 32 * (strip / 2 + strip % 2) * (strip / 2 + 1) }

    /// The lower triangle, row by row.
    func triangle(_ sums: UnsafePointer<Float>) -> [Float] {
        (0..<columns).flatMap { row in
            (0...row).map { sums[Self.start(row / 4) + $0 / 8 * 32 + row % 4 * 8 + $0 % 8] }
        }
    }

    /// Adds the products of inputs [tokens, stride].
    func add(_ input: UnsafePointer<Float>, stride: Int, tokens: Int, to sums: UnsafeMutablePointer<Float>) {
        let padded = strips * 4
        withUnsafeTemporaryAllocation(of: Float.self, capacity: tokens * padded) { copy in
            guard let inputs = copy.baseAddress else { return }
            copy.initialize(repeating: 0)
            for token in 0..<tokens { (inputs + token * padded).update(from: input + token * stride, count: columns) }
            for strip in 0..<strips {
                for block in 0...strip / 2 {
                    add(inputs + strip * 4, inputs + block * 8, stride: padded, tokens, to: sums + Self.start(strip) + block * 32)
                }
            }
        }
    }

    /// Adds the products of four inputs and eight to one patch.
    @inline(__always) private func add(
        _ rows: UnsafePointer<Float>, _ columns: UnsafePointer<Float>, stride: Int, _ tokens: Int,
        to sums: UnsafeMutablePointer<Float>
    ) {
        var first = SIMD8<Float>.zero, second = first, third = first, fourth = first
        for token in 0..<tokens {
            let eight = UnsafeRawPointer(columns + token * stride).loadUnaligned(as: SIMD8<Float>.self)
            let four = rows + token * stride
            first += eight * SIMD8(repeating: four[0])
            second += eight * SIMD8(repeating: four[1])
            third += eight * SIMD8(repeating: four[2])
            fourth += eight * SIMD8(repeating: four[3])
        }
        add(first, to: sums)
        add(second, to: sums + 8)
        add(third, to: sums + 16)
        add(fourth, to: sums + 24)
    }

    @inline(__always) private func add(_ products: SIMD8<Float>, to sums: UnsafeMutablePointer<Float>) {
        let target = UnsafeMutableRawPointer(sums)
        target.storeBytes(of: target.loadUnaligned(as: SIMD8<Float>.self) + products, as: SIMD8<Float>.self)
    }
}
