import Foundation
import TestSupport
import Testing

/// A conversion that is stopped in the middle: no file, and after signals that can be handled no temporary either.
@Suite(.serialized) struct RGQuantInterruptionTests {
    /// A checkpoint that takes a moment to convert: with an MLP of 24 million weights, all zero.
    private static func largeCheckpoint() throws -> TemporaryFolder {
        var checkpoint = try EditableCheckpoint.small()
        let width = 64 * 1024
        checkpoint.configuration["intermediate_size"] = .integer(Int64(2 * width))
        for index in checkpoint.tensors.indices where checkpoint.tensors[index].name.contains(".mlp_block.") {
            let shape = checkpoint.tensors[index].shape.map { $0 == 384 ? width : $0 }
            checkpoint.tensors[index].shape = shape
            checkpoint.tensors[index].type = "BF16"
            checkpoint.tensors[index].data = [UInt8](repeating: 0, count: 2 * shape.reduce(1, *))
        }
        return try checkpoint.write()
    }

    private let source: TemporaryFolder
    private let target: TemporaryFolder

    init() throws {
        source = try Self.largeCheckpoint()
        target = try TemporaryFolder()
    }

    /// Starts a conversion and sends a signal when the temporary is there. Tries again if the conversion is done before the signal
    /// arrives; nil if it always was.
    private func interrupt(with signal: Int32) throws -> Command.Outcome? {
        for _ in 0..<20 {
            let command = try Command.rgQuant.start(["convert", source.path, "-t", "1", "-q", "-o", target.file("model.rgq")])
            while command.isRunning, try command.unfinishedBytes(in: target) == nil { usleep(200) }
            command.send(signal)
            let outcome = command.wait()
            if outcome.ending != .exit(0) { return outcome }
            try FileManager.default.removeItem(atPath: target.file("model.rgq"))
        }
        return nil
    }

    @Test(arguments: [(SIGINT, 130), (SIGTERM, 143), (SIGHUP, 129)] as [(Int32, Int32)])
    func aSignalThatAsksToStopLeavesNothing(signal: Int32, status: Int32) throws {
        let outcome = try #require(try interrupt(with: signal))
        #expect(outcome.ending == .exit(status))
        #expect(outcome.errors == "rg-quant: \(target.file("model.rgq")): the conversion was interrupted; nothing was written\n")
        #expect(try target.contents() == [])
        withExtendedLifetime(source) {}
    }

    /// The command waits for somebody to read its progress, and so doesn't see the first signal.
    @Test func aSecondSignalEndsACommandThatHangsAndLeavesNothing() throws {
        let progress = try FullPipe(), devices = "/dev/null"
        let arguments = ["convert", source.path, "-t", "1", "-o", target.file("model.rgq")]
        let process = try Command.rgQuant.spawn(
            arguments, environment: [:],
            files: [
                (STDIN_FILENO, devices, O_RDONLY), (STDOUT_FILENO, devices, O_WRONLY), (STDERR_FILENO, progress.path, O_WRONLY),
            ])
        let command = RunningCommand(process: process, folder: progress.folder, outputPath: nil, errorPath: devices)
        // Until the temporary is there and no longer grows.
        var size = -1
        while command.isRunning {
            let now = try command.unfinishedBytes(in: target) ?? -1
            if now > 0, now == size { break }
            size = now
            usleep(300_000)
        }
        try #require(command.isRunning && size > 0)
        command.send(SIGINT)
        usleep(100_000)
        #expect(command.isRunning, "the first signal only asks to stop")
        while command.isRunning {
            command.send(SIGINT)
            usleep(10_000)
        }
        #expect(command.wait().ending == .signal(SIGINT))
        #expect(try target.contents() == [])
        withExtendedLifetime((source, progress)) {}
    }

    @Test func afterAKillThereIsNoFileUnderTheName() throws {
        let outcome = try #require(try interrupt(with: SIGKILL))
        #expect(outcome.ending == .signal(SIGKILL))
        let left = try target.contents()
        #expect(!left.contains("model.rgq"))
        #expect(left.allSatisfy { $0.hasPrefix(".model.rgq.") && $0.hasSuffix(".partial") }, "\(left)")
        // The next run removes what the file system had no way to remove.
        #expect(try Command.rgQuant.run("convert", source.path, "-q", "-o", target.file("model.rgq")).ending == .exit(0))
        #expect(try target.contents() == ["model.rgq"])
        withExtendedLifetime(source) {}
    }

    @Test func afterAKillAtAnyMomentWhatIsUnderTheNameIsWhole() throws {
        let arguments = ["convert", source.path, "-q", "-o", target.file("model.rgq")]
        let start = ContinuousClock.now
        #expect(try Command.rgQuant.run(arguments).ending == .exit(0))
        let duration = (ContinuousClock.now - start) / .seconds(1)
        var kills = 0
        for attempt in 0..<20 {
            // Beside a file of an earlier conversion, and alone.
            if attempt % 2 == 1 { try? FileManager.default.removeItem(atPath: target.file("model.rgq")) }
            let command = try Command.rgQuant.start(arguments)
            usleep(UInt32.random(in: 0...UInt32(duration * 1.1e6)))
            command.send(SIGKILL)
            if command.wait().ending == .signal(SIGKILL) { kills += 1 }
            let names = try target.contents()
            if names.contains("model.rgq") {
                #expect(try Command.rgQuant.run("verify", "-q", target.file("model.rgq")).ending == .exit(0))
            }
            for name in names where name != "model.rgq" {
                #expect(name.hasPrefix(".model.rgq.") && name.hasSuffix(".partial"))
                try FileManager.default.removeItem(atPath: target.file(name))
            }
        }
        #expect(kills > 5)
        withExtendedLifetime(source) {}
    }

    @Test func whatStoodUnderTheNameIsKept() throws {
        try target.write(Array("RGQ before".utf8), to: "model.rgq")
        let command = try Command.rgQuant.start(["convert", source.path, "-t", "1", "-q", "-o", target.file("model.rgq")])
        command.send(SIGTERM)
        let ending = command.wait().ending
        // The signal may have come before the command was ready for it, but hardly after the end.
        #expect(ending == .exit(143) || ending == .signal(SIGTERM))
        #expect(try target.contents() == ["model.rgq"])
        #expect(FileManager.default.contents(atPath: target.file("model.rgq")) == Data("RGQ before".utf8))
        withExtendedLifetime(source) {}
    }
}

extension RunningCommand {
    /// Bytes of the file that the command writes in a folder; nil if there is none. It has a name only if the file system has no
    /// files without names.
    fileprivate func unfinishedBytes(in folder: TemporaryFolder) throws -> Int? {
        let descriptors = "/proc/\(process)/fd/"
        for name in (try? FileManager.default.contentsOfDirectory(atPath: descriptors)) ?? [] {
            guard let path = try? FileManager.default.destinationOfSymbolicLink(atPath: descriptors + name),
                path.hasPrefix(folder.path + "/")
            else { continue }
            var status = stat()
            return stat(descriptors + name, &status) == 0 ? Int(status.st_size) : 0
        }
        return nil
    }
}
