@testable import Files
import Foundation
import TestSupport
import Testing

/// Files large enough for the disk to take them while they are written.
@Suite(.serialized) struct WriteBehindTests {
    private let folder: TemporaryFolder
    private let part: [UInt8]

    init() throws {
        folder = try TemporaryFolder()
        // Not a divisor of a step, so that every step has other bytes.
        var source = RandomSource(seed: 1)
        part = (0..<WriteBehind.step / 4 + 4093).map { _ in UInt8(truncatingIfNeeded: source.next()) }
    }

    /// Writes one part after the other up to `end`.
    private func write(_ file: AtomicFile, from start: Int = 0, to end: Int) throws {
        for offset in stride(from: start, to: end, by: part.count) {
            try part[..<min(part.count, end - offset)].withUnsafeBytes { try file.write($0, at: offset) }
        }
    }

    @Test(arguments: [
        WriteBehind.step - 1, WriteBehind.step, WriteBehind.step + 1, WriteBehind.unwrittenBytes + 2 * WriteBehind.step + 4097,
    ])
    func itsBytesAreThoseWritten(byteCount: Int) throws {
        let target = folder.file("out.bin")
        let file = try AtomicFile(target: target, replacing: .any)
        try write(file, to: byteCount)
        // What is written again later, as a header is, counts.
        try [UInt8]([1, 2, 3]).withUnsafeBytes { try file.write($0, at: 5) }
        try file.commit()
        let mapped = try MappedFile(path: target)
        #expect(mapped.byteCount == byteCount)
        #expect(Array(mapped.bytes[..<9]) == Array(part[..<5]) + [1, 2, 3] + [part[8]])
        for offset in stride(from: part.count, to: byteCount, by: part.count) {
            let end = min(offset + part.count, byteCount)
            #expect(mapped.bytes[offset..<end].elementsEqual(part[..<(end - offset)]), "from byte \(offset) on")
        }
    }

    @Test func whatTheDiskHasLeavesTheCache() throws {
        // A file in memory lies nowhere else.
        guard try fileSystem() != "tmpfs" else { return }

        let file = try AtomicFile(target: folder.file("out.bin"), replacing: .any, isNamed: true)
        let end = WriteBehind.unwrittenBytes
        try write(file, to: end)
        sync()
        try write(file, from: end, to: end + WriteBehind.cachedBytes + 2 * WriteBehind.step)
        let temporary = try MappedFile(path: folder.file(try #require(try folder.contents().first)))
        let page = Int(getpagesize())
        var pages = [UInt8](repeating: 0, count: (temporary.byteCount + page - 1) / page)
        try #require(mincore(UnsafeMutableRawPointer(mutating: temporary.bytes.baseAddress), temporary.byteCount, &pages) == 0)
        #expect(pages[WriteBehind.cachedBytes / page..<end / page].allSatisfy { $0 & 1 == 0 })
        #expect(pages.last.map { $0 & 1 } == 1)
    }

    /// The kind of file system that the folder is in.
    private func fileSystem() throws -> String {
        let stat = Process(), output = Pipe()
        stat.executableURL = URL(fileURLWithPath: "/usr/bin/stat")
        stat.arguments = ["-f", "-c", "%T", folder.path]
        stat.standardOutput = output
        try stat.run()
        let answer = output.fileHandleForReading.readDataToEndOfFile()
        stat.waitUntilExit()
        return String(decoding: answer, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
