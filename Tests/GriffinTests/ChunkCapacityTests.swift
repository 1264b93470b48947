import Testing

@testable import Griffin

@Suite("Tokens of a chunk")
struct ChunkCapacityTests {
    /// What `down` of the 2B model reads: 7680 codes, with a scale and a sum for each 32.
    private static let inputBytes = 9600

    @Test(
        "The widest input takes half of the outermost cache: Raspberry Pi 4, 5, RK3588, N100 and larger",
        arguments: [(1 << 20, 80), (2 << 20, 96), (3 << 20, 160), (6 << 20, 256), (32 << 20, 256)])
    func caches(bytes: Int, tokens: Int) {
        #expect(ForwardPass.chunkCapacity(inputBytes: Self.inputBytes, cacheBytes: bytes) == tokens)
    }

    @Test("Caches and inputs of any size", arguments: [0, 1, 1 << 40], [0, 1, 1 << 30])
    func extremes(cacheBytes: Int, inputBytes: Int) {
        let tokens = ForwardPass.chunkCapacity(inputBytes: inputBytes, cacheBytes: cacheBytes)
        #expect((80...256).contains(tokens) && tokens % 16 == 0)
    }
}
