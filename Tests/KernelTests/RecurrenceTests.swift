import Foundation
import KernelTypes
import Kernels
import TestSupport
import Testing

@Suite("Convolution and RG-LRU against Double")
struct RecurrenceTests {
    static let names = Kernels.available.map(\.name)

    private static func kernels(_ name: String) throws -> KernelSet { try #require(Kernels.named(name)) }

    // MARK: - Convolution

    /// Runs the convolution over ranges of channels; returns output and history, [tokens × width] and [3 × width].
    private static func convolve(
        _ kernels: KernelSet, _ input: [Float], _ history: [Float], taps: [Float], bias: [Float], ranges: [Range<Int>]
    ) -> (output: [Float], history: [Float])? {
        let width = bias.count
        let tokens = input.count / width
        let inputMemory = GuardedMemory(input)
        let outputMemory = GuardedMemory(repeating: Float.nan, count: input.count)
        let historyMemory = GuardedMemory(history)
        let (tapMemory, biasMemory) = (GuardedMemory(taps), GuardedMemory(bias))
        let operands = Convolution(
            input: inputMemory.pointer, output: outputMemory.pointer, stride: width, tokens: tokens, taps: tapMemory.pointer,
            bias: biasMemory.pointer, history: historyMemory.pointer, width: width)
        for range in ranges { kernels.convolve(operands, range) }
        keep(tapMemory, biasMemory)
        guard outputMemory.isIntact, historyMemory.isIntact, inputMemory.elements == input else { return nil }
        return (outputMemory.elements, historyMemory.elements)
    }

    @Test("Tap 3 meets the newest input; the history is the last three inputs", arguments: names)
    func convolution(name: String) throws {
        let kernels = try Self.kernels(name)
        var random = RandomSource(seed: 21)
        for (width, tokens) in [(1, 1), (5, 2), (16, 3), (40, 4), (67, 9)] {
            let input = random.normalFloats(tokens * width)
            let history = random.normalFloats(3 * width)
            let (taps, bias) = (random.floats(4 * width), random.floats(width))
            let result = try #require(
                Self.convolve(kernels, input, history, taps: taps, bias: bias, ranges: [0..<width / 3, width / 3..<width]))
            let all = history + input
            for token in 0..<tokens {
                for channel in 0..<width {
                    let terms = (0..<4).map { Double(taps[$0 * width + channel]) * Double(all[(token + $0) * width + channel]) }
                    let exact = terms.reduce(Double(bias[channel]), +)
                    let bound = terms.map(\.magnitude).reduce(Double(bias[channel].magnitude), +) * 0x1p-22
                    #expect(abs(Double(result.output[token * width + channel]) - exact) <= bound)
                }
            }
            #expect(result.history == Array(all.suffix(3 * width)))
        }
    }

    @Test("A convolution in parts, or with channels split, gives the same bits", arguments: names)
    func convolutionInParts(name: String) throws {
        let kernels = try Self.kernels(name)
        var random = RandomSource(seed: 22)
        let (width, tokens) = (45, 11)
        let input = random.normalFloats(tokens * width)
        let (taps, bias) = (random.floats(4 * width), random.floats(width))
        let start = [Float](repeating: 0, count: 3 * width)
        let whole = try #require(Self.convolve(kernels, input, start, taps: taps, bias: bias, ranges: [0..<width]))
        var output: [Float] = [], history = start
        for range in [0..<1, 1..<3, 3..<8, 8..<11] {
            let part = Array(input[range.lowerBound * width..<range.upperBound * width])
            let result = try #require(Self.convolve(kernels, part, history, taps: taps, bias: bias, ranges: [30..<width, 0..<30]))
            output += result.output
            history = result.history
        }
        #expect(output.map(\.bitPattern) == whole.output.map(\.bitPattern))
        #expect(history == whole.history)
    }

    // MARK: - RG-LRU

    /// The operands of a scan, [tokens × width] and [width].
    private struct Scan {
        var input: [Float]
        var inputGate: [Float]
        var recurrentGate: [Float]
        var decay: [Float]
        var state: [Float]
        var startsSequence = false

        var width: Int { decay.count }
        var tokens: Int { input.count / width }

        /// Output and state after; nil if something else was written. `inPlace` writes the output over that operand.
        func run(_ kernels: KernelSet, ranges: [Range<Int>]? = nil, inPlace: Int? = nil) -> (output: [Float], state: [Float])? {
            let operands = [GuardedMemory(input), GuardedMemory(inputGate), GuardedMemory(recurrentGate)]
            let output = inPlace.map { operands[$0] } ?? GuardedMemory(repeating: .nan, count: input.count)
            let (decayMemory, stateMemory) = (GuardedMemory(decay), GuardedMemory(state))
            let recurrence = Recurrence(
                input: operands[0].pointer, inputGate: operands[1].pointer, recurrentGate: operands[2].pointer,
                output: output.pointer,
                stride: width, tokens: tokens, decay: decayMemory.pointer, state: stateMemory.pointer, width: width,
                startsSequence: startsSequence)
            for range in ranges ?? [0..<width] { kernels.scan(recurrence, range) }
            keep(operands, decayMemory)
            return output.isIntact && stateMemory.isIntact ? (output.elements, stateMemory.elements) : nil
        }

        /// The formula in Double, from the f32 state before each token, so that errors of the state do not add up.
        func exact(_ token: Int, _ channel: Int, state: Float) -> (h: Double, magnitude: Double) {
            func sigmoid(_ x: Float) -> Double { 1 / (1 + exp(-Double(x))) }
            let index = token * width + channel
            let gated = sigmoid(inputGate[index]) * Double(input[index])
            if startsSequence && token == 0 { return (gated, abs(gated)) }
            let logA = Double(decay[channel]) * sigmoid(recurrentGate[index])
            let kept = exp(logA) * Double(state), added = (-expm1(2 * logA)).squareRoot() * gated
            return (kept + added, abs(kept) + abs(added))
        }
    }

    @Test("The recurrence, gates from -1e4 to 1e4, decays from -200 to nearly 0", arguments: names)
    func recurrence(name: String) throws {
        let kernels = try Self.kernels(name)
        var random = RandomSource(seed: 23)
        let decays: [Float] = [-200, -88, -40, -8, -1, -0.1, -1e-3, -1e-5, -1e-8, -1e-20, -1e-38, 0]
        let gates: [Float] = [-1e4, -200, -89, -88, -30, -5, -1, -0.001, 0, 0.001, 1, 5, 30, 88, 200, 1e4]
        let width = decays.count * 5 + 3
        let scan = Scan(
            input: random.normalFloats(40 * width),
            inputGate: (0..<40 * width).map { _ in gates.randomElement(using: &random) ?? 0 },
            recurrentGate: (0..<40 * width).map { _ in
                Bool.random(using: &random) ? random.float(in: -10...10) : gates.randomElement(using: &random) ?? 0
            },
            decay: (0..<width).map { decays[$0 % decays.count] }, state: random.normalFloats(width))
        let result = try #require(scan.run(kernels))
        for token in 0..<scan.tokens {
            for channel in 0..<width {
                let state = token == 0 ? scan.state[channel] : result.output[(token - 1) * width + channel]
                let (exact, magnitude) = scan.exact(token, channel, state: state)
                let h = result.output[token * width + channel]
                // sigmoid and decay are multiplied: an error of one ulp in the gate is one in log a, and so |log a| ulp in a.
                let logA = abs(Double(scan.decay[channel])), growth = min(logA, 90) * 2e-7
                #expect(abs(Double(h) - exact) <= magnitude * (6e-7 + growth) + 1e-37, "token \(token), channel \(channel)")
            }
        }
        #expect(result.state == Array(result.output.suffix(width)))
    }

    @Test("1 - a² keeps its digits near a = 1", arguments: names)
    func nearOne(name: String) throws {
        let kernels = try Self.kernels(name)
        // From a state of 0 and with an open input gate h is the root itself.
        let decays = stride(from: -45.0, through: 5, by: 0.01).map { Float(-exp2($0)) }
        let width = decays.count
        let open = [Float](repeating: 1e4, count: width)
        let scan = Scan(
            input: [Float](repeating: 1, count: width), inputGate: open, recurrentGate: open, decay: decays,
            state: [Float](repeating: 0, count: width))
        let result = try #require(scan.run(kernels))
        for (channel, decay) in decays.enumerated() {
            let exact = (-expm1(2 * Double(decay))).squareRoot()
            let found = result.output[channel]
            #expect(ElementwiseTests.isClose(found, exact), "log a = \(decay): \(found), not \(exact)")
        }
    }

    @Test("a = exp(decay) over its whole range", arguments: names)
    func decay(name: String) throws {
        let kernels = try Self.kernels(name)
        // With no input and an open recurrent gate h is a times the state.
        let decays = stride(from: Float(-200), through: 0, by: 0.0037).map(\.self)
        let width = decays.count
        let scan = Scan(
            input: [Float](repeating: 0, count: width), inputGate: [Float](repeating: 0, count: width),
            recurrentGate: [Float](repeating: 1e4, count: width), decay: decays, state: [Float](repeating: 1, count: width))
        let result = try #require(scan.run(kernels))
        for (channel, decay) in decays.enumerated() {
            #expect(
                ElementwiseTests.isClose(result.output[channel], exp(Double(decay))), "exp(\(decay)) is \(result.output[channel])")
        }
    }

    @Test("Sigmoid over its whole range", arguments: names)
    func sigmoid(name: String) throws {
        let kernels = try Self.kernels(name)
        // At the start of a sequence h is the input times the sigmoid of its gate.
        let gates = stride(from: Float(-110), through: 110, by: 0.0041).map(\.self) + [-1e4, 1e4, 0]
        let width = gates.count
        let zeros = [Float](repeating: 0, count: width)
        let scan = Scan(
            input: [Float](repeating: 1, count: width), inputGate: gates, recurrentGate: zeros, decay: zeros,
            state: [Float](repeating: 77, count: width), startsSequence: true)
        let result = try #require(scan.run(kernels))
        for (channel, gate) in gates.enumerated() {
            let exact = 1 / (1 + exp(-Double(gate)))
            #expect(ElementwiseTests.isClose(result.output[channel], exact), "sigmoid(\(gate)) is \(result.output[channel])")
        }
    }

    @Test("At position 0 the root is 1 and the old state counts as 0, and only there", arguments: names)
    func start(name: String) throws {
        let kernels = try Self.kernels(name)
        var random = RandomSource(seed: 24)
        let width = 21
        let scan = Scan(
            input: random.normalFloats(2 * width), inputGate: random.normalFloats(2 * width),
            recurrentGate: random.normalFloats(2 * width), decay: random.floats(width, in: -8 ... -0.1),
            state: [Float](repeating: .nan, count: width), startsSequence: true)
        let result = try #require(scan.run(kernels))
        for index in 0..<2 * width {
            let state = index < width ? 0 : result.output[index - width]
            let (exact, magnitude) = scan.exact(index / width, index % width, state: state)
            #expect(abs(Double(result.output[index]) - exact) <= magnitude * 2e-6)
        }
    }

    @Test("A scan in parts, with channels split, or over one of its inputs, gives the same bits", arguments: names)
    func scanInParts(name: String) throws {
        let kernels = try Self.kernels(name)
        var random = RandomSource(seed: 25)
        let (width, tokens) = (53, 9)
        var scan = Scan(
            input: random.normalFloats(tokens * width), inputGate: random.normalFloats(tokens * width),
            recurrentGate: random.normalFloats(tokens * width), decay: random.floats(width, in: -8...0),
            state: [Float](repeating: 0, count: width), startsSequence: true)
        let whole = try #require(scan.run(kernels))
        for operand in 0..<3 {
            let inPlace = try #require(scan.run(kernels, ranges: [16..<50, 0..<16, 50..<width], inPlace: operand))
            #expect(inPlace.output.map(\.bitPattern) == whole.output.map(\.bitPattern))
            #expect(inPlace.state == whole.state)
        }
        let all = scan
        var output: [Float] = []
        for range in [0..<1, 1..<5, 5..<9] {
            let elements = range.lowerBound * width..<range.upperBound * width
            scan.input = Array(all.input[elements])
            scan.inputGate = Array(all.inputGate[elements])
            scan.recurrentGate = Array(all.recurrentGate[elements])
            scan.startsSequence = range.lowerBound == 0
            let result = try #require(scan.run(kernels))
            output += result.output
            scan.state = result.state
        }
        #expect(output.map(\.bitPattern) == whole.output.map(\.bitPattern))
    }
}
