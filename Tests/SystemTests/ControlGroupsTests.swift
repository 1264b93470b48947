import Foundation
import TestSupport
import Testing

@testable import System

/// Limits of processor time and of memory, in folders like those of /sys/fs/cgroup.
struct ControlGroupsTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func write(_ text: String, to path: String) throws {
        let file = URL(fileURLWithPath: folder.file(path))
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
    }

    private func processors(_ lines: String) -> Int? { ControlGroups(lines, root: folder.path).processors }

    private func memory(_ lines: String) -> Int? { ControlGroups(lines, root: folder.path).memory }

    @Test func version2CountsTheGroupAndThoseAbove() throws {
        try write("max 100000\n", to: "a/b/cpu.max")
        #expect(processors("0::/a/b\n") == nil)
        try write("250000 100000\n", to: "a/cpu.max")
        #expect(processors("0::/a/b\n") == 3)
        try write("100000 100000\n", to: "a/b/cpu.max")
        #expect(processors("0::/a/b\n") == 1)
        #expect(processors("0::/a\n") == 3)
    }

    @Test func version1IsInTheFolderOfItsControllersAndBesideVersion2() throws {
        try write("100000\n", to: "cpu,cpuacct/small/cpu.cfs_quota_us")
        try write("100000\n", to: "cpu,cpuacct/small/cpu.cfs_period_us")
        #expect(processors("4:memory:/small\n1:cpu,cpuacct:/small\n0::/\n") == 1)
        #expect(processors("4:memory:/small\n1:cpu,cpuacct:/\n0::/\n") == nil)
        // A container is told a path that it doesn't see.
        try write("200000\n", to: "cpu,cpuacct/cpu.cfs_quota_us")
        try write("100000\n", to: "cpu,cpuacct/cpu.cfs_period_us")
        #expect(processors("1:cpu,cpuacct:/docker/0123\n") == 2)
    }

    @Test(arguments: ["", "0::", "cpu", "1:cpu", "0::/nowhere", ":::", "1:cpuset:/a"]) func noLimit(lines: String) {
        #expect(processors(lines) == nil)
    }

    @Test(arguments: ["-1 100000", "0 0", "100000 0", "x y", "1", "99999999999999999999 1"]) func noNumbers(limit: String) throws {
        try write(limit + "\n", to: "a/cpu.max")
        #expect(processors("0::/a") == nil)
    }

    @Test func version2LeavesWhatIsNotUsedAndTheFilesInTheCache() throws {
        try write("1000000\n", to: "a/memory.max")
        try write("max\n", to: "a/memory.high")
        try write("700000\n", to: "a/memory.current")
        #expect(memory("0::/a/b\n") == 300_000)
        try write("anon 200000\nfile 500000\ninactive_file 100000\nactive_file 300000\nunevictable 5\n", to: "a/memory.stat")
        #expect(memory("0::/a/b\n") == 700_000)
        // Slowed down before it is refused; and a group inside may have less.
        try write("900000\n", to: "a/memory.high")
        #expect(memory("0::/a/b\n") == 600_000)
        try write("50000\n", to: "a/b/memory.max")
        try write("60000\n", to: "a/b/memory.current")
        #expect(memory("0::/a/b\n") == 0)
        #expect(memory("0::/\n") == nil)
    }

    @Test func version1HasTotalsOfTheGroupsInside() throws {
        try write("9223372036854771712\n", to: "memory/memory.limit_in_bytes")
        try write("5000000\n", to: "memory/memory.usage_in_bytes")
        #expect(memory("4:memory:/box\n1:cpu:/box\n") == nil)
        try write("1000000\n", to: "memory/box/memory.limit_in_bytes")
        try write("800000\n", to: "memory/box/memory.usage_in_bytes")
        try write("inactive_file 1\ntotal_inactive_file 200000\ntotal_active_file 100000\n", to: "memory/box/memory.stat")
        #expect(memory("4:memory:/box\n1:cpu:/box\n") == 500_000)
        #expect(memory("1:cpu:/box\n") == nil)
    }

    @Test func theProcessHasMemoryAndCanGetMore() throws {
        let resident = ProcessMemory.resident
        #expect(resident.bytes > resident.privateBytes && resident.privateBytes > 1 << 20)
        #expect(try #require(ProcessMemory.available) > 1 << 20)
    }
}
