import CLZ4
import Tiles

/// The sizes and limits of the format (`formats/rgq.md`), and the arithmetic of positions, which can't overflow.
enum FileLayout {
    static let magic = Array("RGQ1".utf8)
    /// The versions that are read. A file has the lowest version that covers everything in it.
    static let versions: ClosedRange<UInt32> = 1...(WeightType.allCases.map(\.properties.fileVersion).max() ?? 1)
    /// The same for messages: "version 1", "versions 1 to 2".
    static var versionsInWords: String {
        versions.count == 1 ? "version \(versions.lowerBound)" : "versions \(versions.lowerBound) to \(versions.upperBound)"
    }
    static let headerBytes = 128
    static let entryBytes = 128
    /// Tensors start at multiples of this.
    static let pageBytes = 4096
    static let tensorCounts = 1...65_536
    /// Bytes of the metadata unpacked.
    static let largestMetadata = 64 << 20
    /// Bytes of the metadata as stored: what ``largestMetadata`` bytes can take at worst.
    static let largestPackedMetadata = Int(LZ4_compressBound(Int32(largestMetadata)))
    /// Bytes of the configuration, which is JSON: reading it takes many times as much.
    static let largestConfiguration = 1 << 16
    /// Bytes of another value of the metadata that is text: the tokenizer alone is larger.
    static let largestText = 1 << 20
    static let largestEntryCount = 1024
    /// Bytes of a tensor's name, without the zero that ends it.
    static let longestName = 71

    /// The first multiple of ``pageBytes`` at or after `offset`; nil if it doesn't fit an `Int`.
    static func pageStart(atOrAfter offset: Int) -> Int? {
        let (sum, overflow) = offset.addingReportingOverflow(pageBytes - 1)
        return overflow ? nil : sum & ~(pageBytes - 1)
    }

    /// True for printable ASCII without the space, which is what names and keys are made of.
    static func isName(_ bytes: some Collection<UInt8>) -> Bool {
        !bytes.isEmpty && bytes.allSatisfy { (0x21...0x7E).contains($0) }
    }
}
