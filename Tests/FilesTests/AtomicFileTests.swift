@testable import Files
import Foundation
import System
import TestSupport
import Testing

@Suite struct AtomicFileTests {
    let folder: TemporaryFolder
    let target: String

    init() throws {
        folder = try TemporaryFolder()
        target = folder.file("out.bin")
    }

    /// Writes a whole file.
    private func write(_ bytes: [UInt8], to target: String) throws {
        let file = try AtomicFile(target: target, replacing: .any)
        try bytes.withUnsafeBytes { try file.write($0, at: 0) }
        try file.commit()
    }

    private func contents(_ path: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(fileURLWithPath: path))) }

    private func mode(_ path: String) throws -> mode_t {
        var status = stat()
        try #require(lstat(path, &status) == 0)
        return status.st_mode & 0o7777
    }

    @Test func itAppearsWholeAndUnderItsNameAlone() throws {
        let file = try AtomicFile(target: target, replacing: .any)
        try [UInt8]([4, 5]).withUnsafeBytes { try file.write($0, at: 3) }
        try [UInt8]([1]).withUnsafeBytes { try file.write($0, at: 0) }
        #expect(try folder.contents() == [])
        try file.commit()
        #expect(try folder.contents() == ["out.bin"])
        #expect(try contents(target) == [1, 0, 0, 4, 5])
    }

    /// As on file systems that have no files without names.
    @Test func itsTemporaryMayHaveAName() throws {
        let file = try AtomicFile(target: target, replacing: .any, isNamed: true)
        try [UInt8]([4, 5]).withUnsafeBytes { try file.write($0, at: 3) }
        let temporary = try #require(try folder.contents().first)
        #expect(temporary.hasPrefix(".out.bin."))
        #expect(temporary.hasSuffix(".partial"))
        try file.commit()
        #expect(try folder.contents() == ["out.bin"])
        #expect(try contents(target) == [0, 0, 0, 4, 5])
    }

    @Test func whereAFileCanNotGetANameLaterItIsCopied() throws {
        try folder.write([7], to: "out.bin")
        try #require(chmod(target, 0o640) == 0)
        let file = try AtomicFile(target: target, replacing: .any)
        let bytes = (0..<3_000_001).map { UInt8(truncatingIfNeeded: $0 * $0 >> 7) }
        try bytes.withUnsafeBytes { try file.write($0, at: 0) }
        try file.commit { _, _ in EPERM }
        #expect(try folder.contents() == ["out.bin"])
        #expect(try contents(target) == bytes)
        #expect(try mode(target) == 0o640)
    }

    @Test(arguments: [true, false]) func withoutACommitItLeavesNothing(isNamed: Bool) throws {
        do {
            let file = try AtomicFile(target: target, replacing: .any, isNamed: isNamed)
            try [UInt8]([1]).withUnsafeBytes { try file.write($0, at: 0) }
        }
        #expect(try folder.contents() == [])
    }

    @Test func aNameInTheWorkingFolderAndOneAtTheRootHaveFolders() throws {
        let error = try #require(throws: FileProblem.self) { try AtomicFile(target: "/proc/nothing", replacing: .any) }
        #expect(error.path == "/proc/nothing")
        let name = "rg-edge-test-\(UUID().uuidString)"
        try write([9], to: name)
        defer { unlink(name) }
        #expect(try contents(name) == [9])
    }

    @Test func aPrivateFileIsForItsUserAloneUnlessOthersCouldReadTheOldOne() throws {
        try AtomicFile(target: target, replacing: .any, for: .userAlone).commit()
        #expect(try mode(target) == 0o600)
        try #require(chmod(target, 0o640) == 0)
        try AtomicFile(target: target, replacing: .any, for: .userAlone).commit()
        #expect(try mode(target) == 0o640)
    }

    @Test func aNewFileIsReadableByAllAndAnOldOneKeepsItsPermissions() throws {
        try write([1], to: target)
        let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("Umask:") })
        let mask = try #require(mode_t(line.dropFirst(6).trimmingCharacters(in: .whitespaces), radix: 8))
        #expect(try mode(target) == 0o644 & ~mask)
        try #require(chmod(target, 0o600) == 0)
        try write([2], to: target)
        #expect(try mode(target) == 0o600)
        #expect(try contents(target) == [2])
    }

    @Test func aLinkIsReplacedAndNotWhatItPointsTo() throws {
        try folder.write([1], to: "pointed-to")
        try #require(symlink("pointed-to", target) == 0)
        try write([2], to: target)
        #expect(try contents(folder.file("pointed-to")) == [1])
        #expect(try contents(target) == [2])
        try #require(unlink(target) == 0 && symlink("nowhere", target) == 0)
        try write([3], to: target)
        #expect(try folder.contents() == ["out.bin", "pointed-to"])
    }

    @Test func longNamesFit() throws {
        let long = folder.file(String(repeating: "ä", count: 127))
        try write([1], to: long)
        #expect(try contents(long) == [1])
        // Refused before anything is written.
        let error = try #require(throws: FileProblem.self) { try AtomicFile(target: long + "xx", replacing: .any) }
        #expect(error.problem == "has a name of 256 bytes, more than the 255 that its disk allows")
    }

    @Test(arguments: [
        ("", "names no file"), (".", "is a folder"), ("..", "is a folder"), ("/", "is a folder"),
        ("/dev/null", "is not a regular file"),
    ])
    func whatIsNoNameForAFileIsRefused(_ target: String, _ problem: String) throws {
        let error = try #require(throws: FileProblem.self) { try AtomicFile(target: target, replacing: .any) }
        #expect(error.problem == problem)
        #expect(error.advice.contains("give the name of a file"))
    }

    @Test func aFolderIsRefused() throws {
        for target in [folder.path, folder.path + "/"] {
            let error = try #require(throws: FileProblem.self) { try AtomicFile(target: target, replacing: .any) }
            #expect(error.description == "\(target): is a folder; give the name of a file in it")
        }
        let error = try #require(throws: FileProblem.self) { try AtomicFile(target: folder.file("new/"), replacing: .any) }
        #expect(error.problem == "names no file")
    }

    @Test func aMissingFolderIsNamed() throws {
        let error = try #require(throws: FileProblem.self) {
            try AtomicFile(target: folder.file("missing/out.bin"), replacing: .any)
        }
        #expect(error.problem == "its folder \(folder.file("missing")) doesn't exist")
        #expect(error.advice == "make the folder first")
        try folder.write([1], to: "file")
        #expect(throws: FileProblem.self) { try AtomicFile(target: folder.file("file/out.bin"), replacing: .any) }
    }

    @Test func aFolderThatTakesNoFilesIsNotSaidToBeMissing() throws {
        let error = try #require(throws: FileProblem.self) { try AtomicFile(target: "/proc/out.bin", replacing: .any) }
        #expect(error.description == "/proc/out.bin: no file can be made in /proc; take a folder on a disk")
    }

    @Test(.enabled(if: SmallDisk.isAvailable, "needs the right to mount a file system")) func aReadOnlyDiskIsAnError() throws {
        let disk = try SmallDisk(byteCount: 1 << 20)
        try disk.makeReadOnly()
        let error = try #require(throws: FileProblem.self) { try AtomicFile(target: disk.file("out.bin"), replacing: .any) }
        #expect(error.code == EROFS)
        #expect(error.description.contains("making a file in \(disk.path) failed (Read-only file system)"))
        #expect(error.advice.contains("take another folder"))
    }

    @Test(.enabled(if: geteuid() != 0, "root writes everywhere")) func aReadOnlyFolderIsAnError() throws {
        try #require(chmod(folder.path, 0o500) == 0)
        let error = try #require(throws: FileProblem.self) { try AtomicFile(target: target, replacing: .any) }
        #expect(error.code == EACCES)
        #expect(error.advice.contains("permission"))
    }

    @Test(.enabled(if: SmallDisk.isAvailable, "needs the right to mount a file system")) func aFullDiskIsAnError() throws {
        let disk = try SmallDisk(byteCount: 1 << 16)
        do {
            let file = try AtomicFile(target: disk.file("out.bin"), replacing: .any)
            try file.checkRoom(for: 1000)
            let early = try #require(throws: FileProblem.self) { try file.checkRoom(for: 1 << 17) }
            #expect(early.problem == "needs 131072 bytes, but its disk has only 65536 left")
            #expect(early.advice == "make room on it, or take another")
            let late = try #require(throws: FileProblem.self) {
                try [UInt8](repeating: 1, count: 1 << 17).withUnsafeBytes { try file.write($0, at: 0) }
            }
            #expect(late.code == ENOSPC)
            #expect(late.advice.contains("the disk is full"))
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: disk.path) == [])
    }

    @Test func aFileLargerThanTheLimitIsAnError() async {
        await #expect(processExitsWith: .success) {
            // Without this, the limit kills the process.
            signal(SIGXFSZ, SIG_IGN)
            var limit = rlimit(rlim_cur: 4096, rlim_max: 4096)
            setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
            let folder = try TemporaryFolder()
            let file = try AtomicFile(target: folder.file("out.bin"), replacing: .any)
            let error = try #require(throws: FileProblem.self) {
                try [UInt8](repeating: 1, count: 8192).withUnsafeBytes { try file.write($0, at: 0) }
            }
            #expect(error.code == EFBIG)
            #expect(error.advice.contains("ulimit -f"))
        }
    }

    @Test func aSignalHandlerRemovesWhatIsUnfinished() async throws {
        await #expect(processExitsWith: .signal(SIGTERM)) { [folder = folder.path as String] in
            AtomicFile.prepareRemoval()
            signal(SIGTERM) { number in
                AtomicFile.removeUnfinished()
                signal(number, SIG_DFL)
                raise(number)
            }
            let finished = try AtomicFile(target: folder + "/finished", replacing: .any)
            try finished.commit()
            // Three more than can be registered.
            let files = try (0..<19).map { try AtomicFile(target: folder + "/\($0)", replacing: .any, isNamed: true) }
            withExtendedLifetime(files) {
                // Sent to the process: this thread is one of a pool, which blocks signals.
                kill(getpid(), SIGTERM)
                sleep(60)
            }
        }
        #expect(try folder.contents().filter { $0.hasSuffix(".partial") }.count == 3)
        #expect(try folder.contents().contains("finished"))
    }

    @Test(arguments: [true, false]) func killedItLeavesNothingUnderItsName(isNamed: Bool) async throws {
        let target = target
        if isNamed {
            await #expect(processExitsWith: .signal(SIGKILL)) { [target = target as String] in
                let file = try AtomicFile(target: target, replacing: .any, isNamed: true)
                try [UInt8](repeating: 1, count: 100).withUnsafeBytes { try file.write($0, at: 0) }
                withExtendedLifetime(file) { _ = kill(getpid(), SIGKILL) }
            }
        } else {
            await #expect(processExitsWith: .signal(SIGKILL)) { [target = target as String] in
                let file = try AtomicFile(target: target, replacing: .any)
                try [UInt8](repeating: 1, count: 100).withUnsafeBytes { try file.write($0, at: 0) }
                withExtendedLifetime(file) { _ = kill(getpid(), SIGKILL) }
            }
        }
        let left = try folder.contents()
        #expect(left.count == (isNamed ? 1 : 0))
        #expect(left.allSatisfy { $0.hasPrefix(".out.bin.") && $0.hasSuffix(".partial") })
        // Whoever next writes a file there removes it.
        try AtomicFile(target: folder.file("other"), replacing: .any).commit()
        #expect(try folder.contents() == ["other"])
    }

    @Test func whatALivingProcessHasNotFinishedStays() throws {
        let file = try AtomicFile(target: target, replacing: .any, isNamed: true)
        let strangers = [".out.bin.0123456789abcde.partial", "out.bin.0123456789abcdef.partial", ".0123456789abcdef.partia"]
        for name in strangers { try folder.write([1], to: name) }
        try folder.write([1], to: ".dead.0123456789abcdef.partial")
        try #require(mkfifo(folder.file(".fifo.0123456789abcdef.partial"), 0o600) == 0)
        let elsewhere = try TemporaryFolder()
        try AtomicFile(target: elsewhere.file("a"), replacing: .any).commit()
        try AtomicFile(target: folder.file("b"), replacing: .any).commit()
        let left = try folder.contents()
        #expect(!left.contains(".dead.0123456789abcdef.partial"))
        #expect(left.contains(".fifo.0123456789abcdef.partial"))
        #expect(Set(left).isSuperset(of: strangers))
        try file.commit()
        #expect(try folder.contents().contains("out.bin"))
    }

    /// File systems give a new folder the number of one that was removed.
    @Test func aFolderWithTheNumberOfARemovedOneIsLookedThrough() throws {
        for attempt in 0..<20 {
            let path = folder.file("\(attempt)")
            try #require(mkdir(path, 0o700) == 0)
            try folder.write([1], to: "\(attempt)/.dead.0123456789abcdef.partial")
            try AtomicFile(target: path + "/new", replacing: .any).commit()
            #expect(try FileManager.default.contentsOfDirectory(atPath: path) == ["new"])
            try FileManager.default.removeItem(atPath: path)
        }
    }

    // MARK: - Kinds

    @Test(arguments: [true, false]) func aFileOfAnotherKindStays(isLink: Bool) throws {
        let path = try folder.write(Array("something".utf8), to: isLink ? "else" : "out.bin")
        if isLink { try #require(symlink("else", target) == 0) }
        let kind = FileKind("a thing", startingWith: Array("thing".utf8))
        let error = try #require(throws: FileProblem.self) { try AtomicFile(target: target, replacing: kind) }
        #expect(error.description == "\(target): is not a thing, and so is not replaced; give another name, or remove it first")
        #expect(error.code == EEXIST)
        #expect(throws: FileProblem.self) { try AtomicFile(target: target, replacing: .none) }
        #expect(try contents(path) == Array("something".utf8))
        for text in ["", "thing", "thing of old"] {
            try folder.write(Array(text.utf8), to: isLink ? "else" : "out.bin")
            _ = try AtomicFile(target: target, replacing: kind)
        }
        let second = #expect(throws: FileProblem.self) { try AtomicFile(target: target, replacing: .none) }
        #expect(second?.problem == "is not an empty file, and so is not replaced")
    }

    @Test func whatComesThereMeanwhileStaysToo() throws {
        let kind = FileKind("a thing", startingWith: Array("thing".utf8))
        do {
            let file = try AtomicFile(target: target, replacing: kind)
            try folder.write(Array("something".utf8), to: "out.bin")
            #expect(throws: FileProblem.self) { try file.commit() }
            #expect(!file.isCommitted)
        }
        #expect(try folder.contents() == ["out.bin"])
        #expect(try contents(target) == Array("something".utf8))
    }

    // MARK: - Owners

    private func owner(_ path: String) throws -> [UInt32] {
        var status = stat()
        try #require(lstat(path, &status) == 0)
        return [status.st_uid, status.st_gid]
    }

    @Test(.enabled(if: geteuid() == 0, "only root gives files away")) func rootLeavesAFileToItsOwner() throws {
        try folder.write([1], to: "out.bin")
        try #require(chmod(target, 0o600) == 0 && chown(target, 1234, 4321) == 0)
        try write([2], to: target)
        #expect(try owner(target) == [1234, 4321])
        #expect(try mode(target) == 0o600)
        #expect(try contents(target) == [2])
    }

    @Test(.enabled(if: geteuid() == 0, "only root becomes somebody else")) func anotherGroupGetsNoMoreThanAll() async throws {
        try folder.write([1], to: "out.bin")
        try #require(chmod(folder.path, 0o777) == 0 && chmod(target, 0o664) == 0 && chown(target, 1234, 4321) == 0)
        await #expect(processExitsWith: .success) { [target = target as String] in
            try #require(setgroups(0, nil) == 0 && setgid(555) == 0 && setuid(555) == 0)
            try AtomicFile(target: target, replacing: .any).commit()
        }
        #expect(try owner(target) == [555, 555])
        #expect(try mode(target) == 0o644)
    }
}

extension FileKind {
    /// For tests of other things.
    static let any = FileKind("any file") { _ in true }
}
