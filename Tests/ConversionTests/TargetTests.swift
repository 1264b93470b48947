import Conversion
import Foundation
import ModelFile
import System
import TestSupport
import Testing

/// The target is there whole or not at all, and what stood under its name stays until then.
@Suite struct TargetTests {
    private let source: TemporaryFolder
    private let target: TemporaryFolder

    init() throws {
        source = try EditableCheckpoint.small().write()
        target = try TemporaryFolder()
    }

    @Test func progressCountsEveryByteOfTheCheckpointOnce() throws {
        let conversion = try Conversion(source: source.path)
        var steps: [Int] = []
        _ = try conversion.write(to: target.file("model.rgq"), progress: { steps.append($0) })
        #expect(steps.first == 0)
        #expect(steps.last == conversion.sourceBytes)
        #expect(steps.count > 50)
        #expect(zip(steps, steps.dropFirst()).allSatisfy { $0 < $1 })
        #expect(conversion.sourceBytes == (try EditableCheckpoint.small().tensors.reduce(0) { $0 + $1.data.count }))
    }

    @Test(arguments: [0, 1, 7, 40])
    func aConversionThatIsCancelledLeavesWhatWasThere(slices: Int) throws {
        try target.write(Array("RGQ1".utf8), to: "model.rgq")
        var asked = 0
        let error = #expect(throws: FileProblem.self) {
            try Conversion(source: source.path).write(
                to: target.file("model.rgq"),
                isCancelled: {
                    asked += 1
                    return asked > slices
                })
        }
        #expect(error?.kind == .cancelled)
        #expect(error?.description == "\(target.file("model.rgq")): the conversion was interrupted; nothing was written")
        #expect(asked == slices + 1)
        #expect(try target.contents() == ["model.rgq"])
        #expect(try Data(contentsOf: URL(fileURLWithPath: target.file("model.rgq"))) == Data("RGQ1".utf8))
    }

    @Test func aFileOfAnotherKindUnderTheNameStays() throws {
        try target.write([1, 2, 3], to: "model.rgq")
        let error = try conversionError(source, target: target)
        #expect(error?.kind == .io)
        #expect(error?.problem == "is not a model file, and so is not replaced")
        #expect(try Data(contentsOf: URL(fileURLWithPath: target.file("model.rgq"))) == Data([1, 2, 3]))
    }

    @Test func aModelFileUnderTheNameIsReplaced() throws {
        try target.write(Array("RGQ1".utf8), to: "model.rgq")
        _ = try Conversion(source: source.path).write(to: target.file("model.rgq"))
        #expect(try target.contents() == ["model.rgq"])
        try ModelFile(path: target.file("model.rgq")).verifyAll()
    }

    @Test func aCheckpointThatChangesMeanwhileIsAnError() throws {
        let conversion = try Conversion(source: source.path)
        var hasChanged = false
        let error = #expect(throws: FileProblem.self) {
            try conversion.write(
                to: target.file("model.rgq"),
                progress: { done in
                    guard done > conversion.sourceBytes / 2, !hasChanged else { return }
                    hasChanged = true
                    try? FileManager.default.setAttributes(
                        [.modificationDate: Date(timeIntervalSince1970: 1)], ofItemAtPath: source.file("config.json"))
                })
        }
        #expect(
            error?.description == """
                \(source.file("config.json")): changed while it was read; wait until its writer is done and start again
                """)
        #expect(try target.contents() == [])
    }

    @Test func weightsThatAreCutMeanwhileAreAnError() throws {
        let conversion = try Conversion(source: source.path)
        var isCut = false
        let error = #expect(throws: FileProblem.self) {
            try conversion.write(
                to: target.file("model.rgq"),
                progress: { done in
                    guard done > conversion.sourceBytes / 4, !isCut else { return }
                    isCut = truncate(source.file("model.safetensors"), 100_000) == 0
                })
        }
        #expect(error?.problem == "became shorter while it was read")
        #expect(try target.contents() == [])
    }

    @Test func theTargetMayBeNoFileOfTheCheckpoint() throws {
        for name in ["model.safetensors", "config.json", "tokenizer.model"] {
            let before = try Data(contentsOf: URL(fileURLWithPath: source.file(name)))
            let error = try conversionError(source, target: source, name: name)
            #expect(
                error?.description == """
                    \(source.file(name)): is one of the files that are read; give another name for the output
                    """)
            #expect(try Data(contentsOf: URL(fileURLWithPath: source.file(name))) == before)
        }
        // Also under another name.
        try FileManager.default.createSymbolicLink(
            atPath: target.file("link"), withDestinationPath: source.file("model.safetensors"))
        #expect(try conversionError(source, target: target, name: "link")?.kind == .io)
        // But it may lie beside them.
        #expect(try conversionError(source, target: source, name: "model.rgq") == nil)
    }

    @Test func aFolderIsNoTarget() throws {
        let error = try conversionError(source, target: target, name: "../\(URL(fileURLWithPath: target.path).lastPathComponent)")
        #expect(error?.kind == .io)
        #expect(error?.problem == "is a folder")
    }

    @Test func aTargetInNoFolderIsAnError() throws {
        let error = try conversionError(source, target: target, name: "none/model.rgq")
        #expect(error?.kind == .io)
        #expect(error?.path == target.file("none/model.rgq"))
        #expect(error?.problem == "its folder \(target.file("none")) doesn't exist")
    }

    @Test(.enabled(if: SmallDisk.isAvailable, "needs to mount file systems: run as root"))
    func aFullDiskIsAnErrorThatLeavesNothing() throws {
        let disk = try SmallDisk(byteCount: 300_000)
        let error = #expect(throws: FileProblem.self) { try Conversion(source: source.path).write(to: disk.file("model.rgq")) }
        #expect(error?.kind == .io)
        #expect(error?.path == disk.file("model.rgq"))
        #expect(error?.problem.contains("its disk has only") == true)
        #expect(try FileManager.default.contentsOfDirectory(atPath: disk.path) == [])
    }

    @Test(.enabled(if: SmallDisk.isAvailable, "needs to mount file systems: run as root"))
    func aDiskThatFillsUpMeanwhileIsAnErrorThatLeavesNothing() throws {
        let disk = try SmallDisk(byteCount: 2_000_000)
        let error = #expect(throws: FileProblem.self) {
            try Conversion(source: source.path).write(
                to: disk.file("model.rgq"),
                progress: { done in
                    if done == 0 {
                        _ = FileManager.default.createFile(atPath: disk.file("other"), contents: Data(count: 1_800_000))
                    }
                })
        }
        #expect(error?.kind == .io)
        #expect(error?.advice == "the disk is full: make room on it, or take another")
        #expect(try FileManager.default.contentsOfDirectory(atPath: disk.path) == ["other"])
    }

    @Test(.enabled(if: SmallDisk.isAvailable, "needs to mount file systems: run as root"))
    func aReadOnlyDiskIsAnError() throws {
        let disk = try SmallDisk(byteCount: 2_000_000)
        try disk.makeReadOnly()
        let error = #expect(throws: FileProblem.self) { try Conversion(source: source.path).write(to: disk.file("model.rgq")) }
        #expect(error?.kind == .io)
        #expect(error?.advice == "the file system is read-only: take another folder")
    }
}
