import AllocationCounter
import Foundation
import KernelTypes
import ModelTestSupport
import TestSupport
import Testing
import Tiles

@testable import Griffin

@Suite("Fixed memory")
struct AllocationTests {
    @Test("Nothing is allocated after the first token, over 20 windows", arguments: WeightType.allCases)
    func noAllocation(type: WeightType) throws {
        // One thread, whose allocations are counted; the others run the same code.
        let model = try RunnableModel(file: try ConvertedModels.path("alpha", type), threads: 1)
        let state = try model.makeState()
        let window = model.configuration.window, vocabulary = model.configuration.vocabularySize
        let tokens = (0..<20 * window).map { UInt32($0 * 7 % vocabulary) }
        var logits = [Float](repeating: 0, count: vocabulary)
        var before: UInt64 = 0
        try tokens.withUnsafeBufferPointer { tokens in
            try logits.withUnsafeMutableBufferPointer { logits in
                for (index, range) in Self.ranges(tokens.count).enumerated() {
                    try model.pass.feed(UnsafeBufferPointer(rebasing: tokens[range]), to: state, output: .last(logits.baseAddress!))
                    if index == 0 { before = allocation_count() }
                }
            }
        }
        #expect(allocation_count() == before)
        #expect(state.position == Int64(20 * window))
        #expect(state.byteCount == State.byteCount(model.configuration, element: model.weights.cacheElement))
        #expect(logits.allSatisfy { $0.isFinite })
    }

    @Test("Nothing is allocated for passes of several runs after the first, whatever they want", arguments: WeightType.allCases)
    func noAllocationForRuns(type: WeightType) throws {
        let model = try RunnableModel(file: try ConvertedModels.path("alpha", type), threads: 1)
        let vocabulary = model.configuration.vocabularySize
        let states = try (0..<3).map { _ in try model.makeState() }
        let speculation = try #require(Speculation(model.configuration, element: model.weights.cacheElement, capacity: 4))
        let tokens = (0..<40).map { UInt32($0 * 7 % vocabulary) }
        var logits = [Float](repeating: 0, count: 5 * vocabulary)
        var before: UInt64 = 0
        try tokens.withUnsafeBufferPointer { tokens in
            try logits.withUnsafeMutableBufferPointer { logits in
                func first(_ count: Int) -> UnsafeBufferPointer<UInt32> { UnsafeBufferPointer(rebasing: tokens[..<count]) }
                let start = logits.baseAddress!
                let runs = [
                    Run(first(1), to: states[0], output: .last(start)), Run(first(40), to: states[1], output: .none),
                    Run(first(4), to: states[2], output: .all(start + vocabulary), speculation: speculation),
                ]
                try runs.withUnsafeBufferPointer { runs in
                    for pass in 0..<30 {
                        try model.pass.feed(runs)
                        speculation.accept(1 + pass % 4, into: states[2])
                        if pass == 0 { before = allocation_count() }
                    }
                }
            }
        }
        #expect(allocation_count() == before)
        #expect(states.map(\.position) == [30, 1200, 73])
        #expect(logits.allSatisfy { $0.isFinite })
    }

    @Test("The counter counts")
    func counterCounts() {
        let before = allocation_count()
        let array = [Int](repeating: 1, count: 1000 + Int(before % 2))
        #expect(array.count >= 1000)
        #expect(allocation_count() > before)
    }

    /// Single tokens, then chunks of 50.
    private static func ranges(_ count: Int) -> [Range<Int>] {
        let single = (0..<count / 2).map { $0..<$0 + 1 }
        return single + stride(from: count / 2, to: count, by: 50).map { $0..<min(count, $0 + 50) }
    }
}
