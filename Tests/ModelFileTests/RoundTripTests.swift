import Foundation
import ModelFile
import TestSupport
import Testing
import Tiles

@Suite struct RoundTripTests {
    @Test func everyTypeAndLayoutReadsBackAsItWasWritten() throws {
        let folder = try TemporaryFolder()
        let sample = SampleModel()
        try sample.write(to: folder.file("model.rgq"))

        let file = try ModelFile(path: folder.file("model.rgq"))
        #expect(file.metadata == sample.metadata)
        #expect(file.tensors.count == sample.tensors.count)
        for (index, entry) in file.tensors.enumerated() {
            let described = sample.tensors[index]
            #expect(entry.name == described.name)
            #expect(entry.type == described.type)
            #expect(entry.isTiled == described.isTiled)
            #expect(entry.dimensions == described.dimensions)
            #expect(entry.matrixShape == described.matrixShape)
            #expect(file.bytes(of: entry).elementsEqual(sample.contents[index]))
            #expect(file.tensor(named: entry.name) == entry)
        }
        #expect(file.tensor(named: "none") == nil)
        try file.verifyAll()
    }
}
