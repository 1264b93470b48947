import Foundation
import TestSupport
import Testing

@testable import Kernels

/// Limits of processor time, in folders like those of /sys/fs/cgroup.
struct ControlGroupsTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func write(_ text: String, to path: String) throws {
        let file = URL(fileURLWithPath: folder.file(path))
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
    }

    private func processors(_ lines: String) -> Int? { ControlGroups(lines, root: folder.path).processors }

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
}
