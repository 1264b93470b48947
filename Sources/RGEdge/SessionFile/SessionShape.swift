import Griffin
import KernelTypes

/// The sizes in a session file, all of which follow from its model (`formats/rgs.md`).
struct SessionShape: Equatable {
    /// Bytes of a number in keys and values.
    let elementBytes: Int
    let recurrentLayers: Int
    let recurrentWidth: Int
    let attentionLayers: Int
    let headDimension: Int
    let window: Int
    let vocabularySize: Int

    /// Bytes of the segments into which parts are cut.
    static let segmentBytes = 1 << 20

    init(_ model: Model) {
        let configuration = model.configuration
        elementBytes = model.weights.cacheElement.bytes
        recurrentLayers = configuration.layerCount(of: .recurrent)
        recurrentWidth = configuration.recurrentWidth
        attentionLayers = configuration.layerCount(of: .attention)
        headDimension = configuration.headDimension
        window = configuration.window
        vocabularySize = configuration.vocabularySize
    }

    /// In the order of the header.
    var fields: [Int] { [elementBytes, recurrentLayers, recurrentWidth, attentionLayers, headDimension, window, vocabularySize] }

    /// Tokens that a file holds of a session at `position`.
    static func tokenCount(at position: Int64) -> Int { Int(min(position, Int64(RecentTokens.limit))) }

    /// The most bytes that a file of a session at `position` takes.
    func largestFile(at position: Int64, withExponents: Bool) -> Int {
        let slots = Int(min(position, Int64(window)))
        let ring = slots * headDimension * elementBytes
        let parts =
            [
                Self.tokenCount(at: position) * MemoryLayout<UInt32>.size,
                recurrentLayers * Configuration.convolutionTaps * recurrentWidth * MemoryLayout<Float>.size,
                position > 0 ? vocabularySize * MemoryLayout<Float>.size : 0,
            ] + Array(repeating: ring, count: 2 * attentionLayers)
            + Array(repeating: withExponents ? slots : 0, count: 2 * attentionLayers)
        return parts.reduce(SessionHeader.byteCount) { sum, bytes in
            let segments = (bytes + Self.segmentBytes - 1) / Self.segmentBytes
            return sum + bytes + segments * MemoryLayout<UInt32>.size
        }
    }
}
