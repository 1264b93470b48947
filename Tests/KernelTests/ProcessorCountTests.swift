import Foundation
import TestSupport
import Testing

@testable import Kernels

@Suite("Processor count")
struct ProcessorCountTests {
    @Test("At least one core, and no more than the processors that are there")
    func bounds() {
        #expect(ProcessorCount.usableCores >= 1)
        #expect(ProcessorCount.usableCores <= sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    }
}

@Suite("Processor cache")
struct ProcessorCacheTests {
    @Test("Sizes as Linux writes them", arguments: [("512K", 512 << 10), ("2M", 2 << 20), ("1G", 1 << 30), ("64", 64)])
    func sizes(text: String, bytes: Int) { #expect(ProcessorCache.bytes(text) == bytes) }

    @Test("Anything else is no size", arguments: ["", "K", "0K", "-1K", "many", "1.5M", "99999999999999999999K", "2T", "K2"])
    func noSizes(text: String) { #expect(ProcessorCache.bytes(text) == nil) }

    @Test("The outermost cache is the highest level of data")
    func outermost() throws {
        let folder = try TemporaryFolder()
        #expect(ProcessorCache.outermostBytes(in: folder.path) == nil)
        let caches = [("1", "Data", "64K"), ("1", "Instruction", "64K"), ("2", "Unified", "512K"), ("3", "Unified", "2048K")]
        for (index, (level, type, size)) in caches.enumerated() {
            try FileManager.default.createDirectory(atPath: folder.file("index\(index)"), withIntermediateDirectories: false)
            for (name, text) in [("level", level), ("type", type), ("size", size)] {
                try folder.write(Array((text + "\n").utf8), to: "index\(index)/\(name)")
            }
        }
        #expect(ProcessorCache.outermostBytes(in: folder.path) == 2 << 20)
    }
}
