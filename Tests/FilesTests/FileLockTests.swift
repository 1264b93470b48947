@testable import Files
import Foundation
import System
import TestSupport
import Testing

@Suite struct FileLockTests {
    private let folder: TemporaryFolder
    private let target: String

    init() throws {
        folder = try TemporaryFolder()
        target = folder.file("talk.rgs")
    }

    @Test func onlyOneHasIt() throws {
        do {
            let lock = try #require(try FileLock(on: target))
            let error = try #require(throws: FileProblem.self) { try FileLock(on: target) }
            #expect(
                error.description == """
                    \(target): is in use by another rg-edge (process \(getpid())); wait until that ends, or take another file
                    """)
            #expect(error.code == EBUSY)
            // Another file takes the place of what is locked.
            try AtomicFile(target: target, replacing: .any).commit()
            #expect(throws: FileProblem.self) { try FileLock(on: target) }
            #expect(try FileLock(on: folder.file("other.rgs")) != nil)
            #expect(lock.isOn(folder.path + "/./talk.rgs") && !lock.isOn(folder.file("other.rgs")))
        }
        #expect(try folder.contents() == ["talk.rgs"])
        #expect(try FileLock(on: target) != nil)
    }

    @Test func killedNobodyHasIt() async throws {
        await #expect(processExitsWith: .signal(SIGKILL)) { [target = target as String] in
            let lock = try FileLock(on: target)
            withExtendedLifetime(lock) { _ = kill(getpid(), SIGKILL) }
        }
        #expect(try folder.contents() == [".talk.rgs.lock"])
        do {
            let lock = try FileLock(on: target)
            #expect(lock != nil)
        }
        #expect(try folder.contents() == [])
    }

    @Test func aSignalHandlerRemovesIt() async throws {
        await #expect(processExitsWith: .signal(SIGKILL)) { [target = target as String] in
            AtomicFile.prepareRemoval()
            let lock = try FileLock(on: target)
            AtomicFile.removeUnfinished()
            withExtendedLifetime(lock) { _ = kill(getpid(), SIGKILL) }
        }
        #expect(try folder.contents() == [])
    }

    @Test func whereAFolderTakesNoFilesThereIsNone() throws {
        #expect(try FileLock(on: "/proc/talk.rgs") == nil)
        #expect(try FileLock(on: folder.file("none/talk.rgs")) == nil)
        try #require(symlink("elsewhere", folder.file(".talk.rgs.lock")) == 0)
        #expect(try FileLock(on: target) == nil)
        #expect(try folder.contents() == [".talk.rgs.lock"])
    }
}
