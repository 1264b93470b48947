import Files
import Foundation
import System
import TestSupport
import Testing

@Suite struct TextFileTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func read(_ path: String) throws -> [UInt8] {
        let file = try TextFile(path: path)
        var bytes: [UInt8] = []
        while let part = try file.next() {
            #expect(!part.isEmpty && String(validating: part, as: UTF8.self) != nil)
            bytes += part
        }
        #expect(try file.next() == nil)
        return bytes
    }

    @Test(arguments: 0..<9) func partsAreWholeCharacters(shift: Int) throws {
        let text = String(repeating: "a", count: shift) + String(repeating: "é日😀x", count: 40_000)
        let path = try folder.write(Array(text.utf8), to: "text")
        #expect(try read(path) == Array(text.utf8))
        #expect(try TextFile(path: path).byteCount == text.utf8.count)
    }

    @Test(
        arguments: [
            [0x80], [0xC3], [0xE6, 0x97], [0xF0, 0x9F, 0x98], [0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0x80, 0x80, 0x80, 0x80],
        ] as [[UInt8]])
    func whatIsNotUTF8IsAnError(bytes: [UInt8]) throws {
        for start in [[], Array("é".utf8), [UInt8](repeating: 0x61, count: (1 << 16) - 1)] {
            for end in [[], Array("b".utf8)] {
                let path = try folder.write(start + bytes + end, to: "text")
                let error = #expect(throws: FileProblem.self) { try read(path) }
                #expect(error?.description == "\(path): is not UTF-8 text; convert it, for example with iconv -t UTF-8")
            }
        }
    }

    @Test func nothingIsNoText() throws {
        #expect(try read(folder.write([], to: "text")).isEmpty)
        let error = #expect(throws: FileProblem.self) { try read(folder.path) }
        #expect(error?.problem == "is a folder")
        #expect(throws: FileProblem.self) { try TextFile(path: folder.file("none")) }
    }

    @Test func aPipeNeedNotHaveAWriterToBeOpened() throws {
        let path = folder.file("pipe")
        try #require(mkfifo(path, 0o600) == 0)
        var questions = 0
        let file = try TextFile(path: path) { _ in
            questions += 1
            return questions > 1
        }
        #expect(file.byteCount == nil)
        let writer = open(path, O_WRONLY)
        try #require(writer >= 0)
        _ = write(writer, "ab", 2)
        #expect(try file.next() == Array("ab".utf8))
        let error = #expect(throws: FileProblem.self) { try file.next() }
        #expect(error?.code == EINTR)
        close(writer)
    }
}
