@testable import Files
import Foundation
import TestSupport
import Testing

@Suite struct FolderTests {
    private let temporary: TemporaryFolder
    private let folder: Folder

    init() throws {
        temporary = try TemporaryFolder()
        folder = try Folder(making: temporary.path)
    }

    /// What file systems keep: ext4 from 1901 to 2446, tmpfs all that 64 bits hold.
    @Test func timesFarFromNowAreTimes() throws {
        let seconds = [9_300_000_000, -2_000_000_000, 10_000_000_000, -9_300_000_000, 0, 1 << 40, -(1 << 40)]
        for (index, second) in seconds.enumerated() {
            let path = try temporary.write([1], to: "\(index)")
            let times = [timespec](repeating: timespec(tv_sec: second, tv_nsec: 999_999_999), count: 2)
            try #require(utimensat(AT_FDCWD, path, times, 0) == 0)
        }
        let sorted = try folder.entries().sorted { $0.isOlder(than: $1) }
        #expect(sorted.count == seconds.count)
        // If this file system can keep them.
        let kept = try sorted.map { entry in
            var status = stat()
            try #require(stat(folder.file(entry.name), &status) == 0)
            return status.st_mtim.tv_sec
        }
        #expect(kept == kept.sorted())
        #expect(kept.contains { $0 > 9_223_372_036 })
    }

    @Test(
        arguments: [
            (0o700, 0), (0o755, 0), (0o775, 0o040), (0o770, 0o040), (0o2770, 0o040), (0o730, 0), (0o777, 0o044), (0o1777, 0o044),
            (0o707, 0o004), (0o757, 0o004),
        ] as [(mode_t, mode_t)]) func aFolderIsSharedWithThoseWhoMayWriteInIt(mode: mode_t, permissions: mode_t) throws
    {
        try #require(chmod(temporary.path, mode) == 0)
        #expect(folder.sharing.permissions == permissions)
        #expect(folder.sharing.isShared == (permissions != 0))
        let target = folder.file("file")
        try AtomicFile(target: target, replacing: .any, for: .sharing(folder.sharing)).commit()
        var status = stat()
        try #require(stat(target, &status) == 0)
        let mask = umask(0)
        umask(mask)
        #expect(status.st_mode & 0o777 == (0o600 | permissions) & ~mask)
        // A file that others could read is no longer readable for them.
        try #require(chmod(target, 0o666) == 0)
        folder.restrict("file")
        try #require(stat(target, &status) == 0)
        #expect(status.st_mode & 0o777 == 0o600 | permissions)
    }

    @Test(.enabled(if: geteuid() == 0, "only root gives files away")) func filesOfASharedFolderAreItsGroups() throws {
        try #require(chmod(temporary.path, 0o770) == 0 && chown(temporary.path, 1234, 4321) == 0)
        let target = folder.file("file")
        try AtomicFile(target: target, replacing: .any, for: .sharing(folder.sharing)).commit()
        var status = stat()
        try #require(stat(target, &status) == 0)
        #expect(status.st_gid == 4321)
    }

    @Test(.enabled(if: geteuid() == 0, "only root gives files away"))
    func filesOfOthersAreTrustedWhereTheFolderIsShared() throws {
        let path = try temporary.write([1], to: "file")
        #expect(folder.trusts(try RegularFile(path: path)))
        try #require(chown(path, 1234, 1234) == 0)
        for (mode, isTrusted) in [(0o700, false), (0o755, false), (0o770, true), (0o1777, true)] as [(mode_t, Bool)] {
            try #require(chmod(temporary.path, mode) == 0)
            #expect(folder.trusts(try RegularFile(path: path)) == isTrusted)
        }
    }
}
