import Foundation
import ModelTestSupport
import TestSupport
import Testing
import Tiles

@testable import RGEdge

@Suite("Prompt cache")
struct PromptCacheTests {
    private let folder: TemporaryFolder
    private let model: Model

    init() throws {
        folder = try TemporaryFolder()
        model = try Model(path: try ConvertedModels.path("alpha", .q8), options: Model.Options(threads: 1))
    }

    private func cache(limit: Int = 1 << 30, _ model: Model? = nil) throws -> PromptCache {
        try PromptCache(folder: folder.file("cache"), limit: limit, model: model ?? self.model)
    }

    private func tokens(_ count: Int, seed: UInt32 = 31) -> [UInt32] { (0..<UInt32(count)).map { $0 * seed % 509 } }

    private var files: [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: folder.file("cache")).sorted()) ?? []
    }

    /// The session after some tokens, and how many of them the cache had.
    private func prefill(
        _ tokens: [UInt32], _ cache: PromptCache, _ model: Model? = nil
    ) throws -> (reused: Int, session: Session) {
        let session = try (model ?? self.model).makeSession()
        let reused = try #require(try session.prefill(tokens, through: cache))
        return (reused, session)
    }

    private func plain(_ tokens: [UInt32], _ model: Model? = nil) throws -> [UInt8] {
        let session = try (model ?? self.model).makeSession()
        try session.feed(tokens)
        return session.serialized()
    }

    @Test(
        "The same prompt is computed once, and one that goes on from it only the rest", arguments: [64, 255, 256, 257, 600, 5000])
    func wholePrompt(count: Int) throws {
        let cache = try cache()
        let first = try prefill(tokens(count), cache)
        #expect(first.reused == 0)
        #expect(first.session.serialized() == (try plain(tokens(count))))
        let second = try prefill(tokens(count), cache)
        #expect(second.reused == (count % 256 < 64 && count > 256 ? count / 256 * 256 : count))
        #expect(second.session.serialized() == (try plain(tokens(count))))
        let longer = tokens(count) + [1, 2, 3]
        let third = try prefill(longer, cache)
        #expect(third.reused == second.reused)
        #expect(third.session.serialized() == (try plain(longer)))
    }

    @Test("Prompts that begin alike share what they have in common: the second to a multiple of 256, others all of it")
    func sharedBeginning() throws {
        let cache = try cache()
        let system = tokens(1000)
        _ = try prefill(system + tokens(30, seed: 7), cache)
        for (seed, reused) in [(11, 768), (13, 1000), (17, 1000)] as [(UInt32, Int)] {
            let prompt = system + [seed] + tokens(300, seed: seed)
            let next = try prefill(prompt, cache)
            #expect(next.reused == reused)
            #expect(next.session.serialized() == (try plain(prompt)))
        }
        // A file of which nothing can be read says nothing.
        try Data("RGS1".utf8).write(to: URL(fileURLWithPath: folder.file("cache") + "/" + (try #require(files.first))))
        #expect(cache.longestCommonBeginning(of: system + [3]) == 1000)
        #expect(cache.longestCommonBeginning(of: [1]) == 0)
    }

    @Test("Where prompts part that are longer than a file's tokens is not known, and the rest still shared")
    func longBeginning() throws {
        let cache = try cache()
        let start = tokens(4200)
        _ = try prefill(start + [1, 2, 3], cache)
        #expect(cache.longestCommonBeginning(of: start + [4]) == 4096)
        for seed in [5, 7] as [UInt32] { #expect(try prefill(start + tokens(30, seed: seed), cache).reused == 4096) }
    }

    @Test("Short prompts are not worth a file, and others find nothing")
    func misses() throws {
        let cache = try cache()
        _ = try prefill(tokens(63), cache)
        #expect(files.isEmpty)
        _ = try prefill(tokens(100), cache)
        #expect(files.count == 1)
        #expect(try prefill(tokens(100, seed: 7), cache).reused == 0)
        #expect(try prefill(Array(tokens(100).dropLast()), cache).reused == 0)
    }

    @Test("Another model and other kernels have files of their own in the same folder")
    func otherModels() throws {
        let scalar = try Model(path: model.file.path, options: Model.Options(threads: 1, kernels: "scalar"))
        let other = try Model(path: try ConvertedModels.path("alpha", .q4), options: Model.Options(threads: 1))
        for model in [model, scalar, other] {
            #expect(try prefill(tokens(100), cache(model), model).reused == 0)
            #expect(try prefill(tokens(100), cache(model), model).reused == 100)
        }
        #expect(files.count == (model.kernels.name == "scalar" ? 2 : 3))
    }

    private func cache(_ model: Model) throws -> PromptCache { try cache(limit: 1 << 30, model) }

    /// Waits until the system's clock for files has gone on, which ticks every 10 ms at most.
    private func consumeLater(_ tokens: [UInt32], _ cache: PromptCache) throws -> (reused: Int, session: Session) {
        usleep(20_000)
        return try prefill(tokens, cache)
    }

    @Test("Over the limit the files that were used longest ago go")
    func limit() throws {
        let size = try plain(tokens(100)).count
        // Room for three, as all are of about one size.
        let cache = try cache(limit: size * 7 / 2)
        for seed in [3, 5, 7] as [UInt32] { _ = try consumeLater(tokens(100, seed: seed), cache) }
        #expect(files.count == 3)
        // The oldest is used again, so the second goes.
        #expect(try consumeLater(tokens(100, seed: 3), cache).reused == 100)
        _ = try consumeLater(tokens(100, seed: 11), cache)
        #expect(files.count == 3)
        #expect(try prefill(tokens(100, seed: 3), cache).reused == 100)
        #expect(try prefill(tokens(100, seed: 7), cache).reused == 100)
        #expect(try prefill(tokens(100, seed: 5), cache).reused == 0)
    }

    @Test("Nothing larger than the limit is kept, which is told once")
    func smallLimit() throws {
        let told = Told()
        let path = folder.file("cache")
        let cache = try PromptCache(folder: path, limit: 1000, model: model) { told.sentences.append($0) }
        for seed in [3, 5] as [UInt32] { #expect(try prefill(tokens(600, seed: seed), cache).reused == 0) }
        #expect(files.isEmpty)
        #expect(told.sentences.count == 1)
        #expect(told.sentences.first?.hasPrefix("the prompt is not kept: \(path) may take 1000 bytes, and a session ") == true)
    }

    @Test("With a smaller limit than before what is too much goes at once, last what was used last")
    func smallerLimit() throws {
        let size = try plain(tokens(100)).count
        let former = try cache()
        for seed in [3, 5, 7] as [UInt32] { _ = try consumeLater(tokens(100, seed: seed), former) }
        let smaller = try cache(limit: size * 3 / 2)
        #expect(files.count == 1)
        #expect(try prefill(tokens(100, seed: 7), smaller).reused == 100)
        _ = try cache(limit: 0)
        #expect(files.isEmpty)
    }

    @Test("A folder that takes no files is told once")
    func unwritable() throws {
        let told = Told()
        // Nobody can make a file there.
        let cache = try PromptCache(folder: "/proc/self", limit: 1 << 30, model: model) { told.sentences.append($0) }
        #expect(told.sentences.isEmpty)
        for seed in [3, 5] as [UInt32] {
            let (_, session) = try prefill(tokens(600, seed: seed), cache)
            #expect(session.serialized() == (try plain(tokens(600, seed: seed))))
        }
        #expect(told.sentences.count == 1)
        #expect(told.sentences.first?.hasPrefix("the prompt is not kept: /proc/self/") == true)
    }

    @Test("Files of others in the folder stay")
    func strangers() throws {
        let cache = try cache(limit: try plain(tokens(100)).count + 10)
        let stranger = folder.file("cache") + "/mine.rgs"
        try Data(repeating: 1, count: 100_000).write(to: URL(fileURLWithPath: stranger))
        // What a killed process left, and what another one writes.
        let partial = ["dead", "alive"].map { folder.file("cache") + "/.\($0).prompt.rgs.0123456789abcdef.partial" }
        for path in partial { try Data([1]).write(to: URL(fileURLWithPath: path)) }
        let writer = open(partial[1], O_RDWR)
        try #require(flock(writer, LOCK_EX) == 0)
        defer { close(writer) }
        for seed in [3, 5] as [UInt32] { _ = try prefill(tokens(100, seed: seed), cache) }
        #expect(files.count == 3)
        #expect(files.contains("mine.rgs"))
        #expect(files.contains(".alive.prompt.rgs.0123456789abcdef.partial"))
    }

    @Test("A file from another age doesn't matter", arguments: [13_569_465_600, -11_000_000_000])
    func time(seconds: Int) throws {
        let cache = try cache()
        _ = try prefill(tokens(100), cache)
        for path in [folder.file("cache") + "/x.txt", folder.file("cache") + "/" + (try #require(files.first))] {
            if !FileManager.default.fileExists(atPath: path) { try Data([1]).write(to: URL(fileURLWithPath: path)) }
            let times = [timespec](repeating: timespec(tv_sec: seconds, tv_nsec: 0), count: 2)
            try #require(utimensat(AT_FDCWD, path, times, 0) == 0)
        }
        #expect(try prefill(tokens(100), self.cache()).reused == 100)
    }

    // MARK: - Other users

    private func mode(_ path: String) throws -> mode_t {
        var status = stat()
        try #require(stat(path, &status) == 0)
        return status.st_mode & 0o7777
    }

    @Test(
        "Who may write in the folder may read its files, and nobody else",
        arguments: [
            (nil, 0o600), (0o755, 0o600), (0o711, 0o600), (0o775, 0o640), (0o1777, 0o644),
        ] as [(mode_t?, mode_t)])
    func audience(folderMode: mode_t?, fileMode: mode_t) throws {
        let path = folder.file("cache")
        if let folderMode {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
            try #require(chmod(path, folderMode) == 0)
        }
        _ = try prefill(tokens(100), cache())
        let file = path + "/" + (try #require(files.first))
        #expect(try mode(file) == fileMode)
        // Older versions let everybody read it.
        try #require(chmod(file, 0o644) == 0)
        _ = try cache()
        #expect(try mode(file) == fileMode)
    }

    @Test(
        "A file of another user is used only where the folder is shared",
        .enabled(if: geteuid() == 0, "only root gives files away"))
    func otherUsers() throws {
        _ = try prefill(tokens(100), cache())
        let path = folder.file("cache"), file = path + "/" + (try #require(files.first))
        for (mode, reused) in [(0o755, 0), (0o770, 100), (0o1777, 100), (0o700, 0)] as [(mode_t, Int)] {
            try #require(chmod(path, mode) == 0 && chown(file, 1234, 1234) == 0)
            let told = Told()
            let cache = try PromptCache(folder: path, limit: 1 << 30, model: model) { told.sentences.append($0) }
            #expect(cache.session(beginning: tokens(100)).map { Int($0.position) } ?? 0 == reused)
            #expect(cache.longestCommonBeginning(of: tokens(100)) == reused)
            #expect(told.sentences.count == (reused == 0 ? 1 : 0))
            #expect(told.sentences.allSatisfy { $0.hasPrefix("files of other users in \(path) are not used") })
        }
        // One of its own takes its place.
        #expect(try prefill(tokens(100), cache()).reused == 0)
        #expect(try prefill(tokens(100), cache()).reused == 100)
    }

    @Test("A damaged file is removed, and the prompt computed", arguments: [true, false])
    func damage(isCut: Bool) throws {
        let cache = try cache()
        _ = try prefill(tokens(100), cache)
        let path = folder.file("cache") + "/" + (try #require(files.first))
        var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        if isCut { bytes.removeLast(10) } else { bytes[500] ^= 1 }
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        #expect(cache.session(beginning: tokens(100)) == nil)
        #expect(files.isEmpty)
        let computed = try prefill(tokens(100), cache)
        #expect(computed.reused == 0)
        #expect(computed.session.serialized() == (try plain(tokens(100))))
        #expect(try prefill(tokens(100), cache).reused == 100)
    }

    @Test("A file whose tokens are others than its name says is not used")
    func collision() throws {
        let cache = try cache()
        _ = try prefill(tokens(100), cache)
        let name = try #require(files.first)
        _ = try prefill(tokens(100, seed: 7), cache)
        let other = try #require(files.first { $0 != name })
        let path = folder.file("cache") + "/"
        try FileManager.default.removeItem(atPath: path + name)
        try FileManager.default.copyItem(atPath: path + other, toPath: path + name)
        #expect(try prefill(tokens(100), cache).reused == 0)
    }

    @Test("Many users at once neither fail nor get anything wrong")
    func concurrency() async throws {
        let size = try plain(tokens(400)).count
        let expected = try (0..<6).map { try plain(tokens(400, seed: 3 + 2 * UInt32($0))) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for user in 0..<4 {
                group.addTask {
                    // So little room that files go all the time.
                    let cache = try self.cache(limit: size * 2)
                    for round in 0..<20 {
                        let which = (user + round) % 6
                        let (_, session) = try self.prefill(self.tokens(400, seed: 3 + 2 * UInt32(which)), cache)
                        #expect(session.serialized() == expected[which])
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(!files.contains { $0.hasSuffix(".partial") })
    }

    @Test("Folders that can't be used are refused", arguments: ["file", "missing/folder"])
    func badFolders(name: String) throws {
        try folder.write([1], to: "file")
        let error = #expect(throws: ModelError.self) { try PromptCache(folder: folder.file(name), limit: 1 << 30, model: model) }
        #expect(error?.kind == .io)
        #expect(error?.description.hasPrefix(folder.file(name)) == true)
    }

    @Test(.enabled(if: SmallDisk.isAvailable, "needs the right to mount a file system"))
    func aFullDiskIsToldAndNoError() throws {
        let disk = try SmallDisk(byteCount: 1 << 14)
        let told = Told()
        let cache = try PromptCache(folder: disk.file("cache"), limit: 1 << 30, model: model) { told.sentences.append($0) }
        let (_, session) = try prefill(tokens(1000), cache)
        #expect(session.serialized() == (try plain(tokens(1000))))
        #expect(told.sentences.count == 1)
        #expect(told.sentences.first?.contains("the prompt is not kept: \(disk.file("cache"))") == true)
        #expect(told.sentences.first?.contains("make room") == true)
        #expect(try FileManager.default.contentsOfDirectory(atPath: disk.file("cache")).isEmpty)
    }

    private final class Told: @unchecked Sendable {
        var sentences: [String] = []
    }

    @Test("Generation starts from the cache, and says so")
    func generation() throws {
        let model = try Model(path: try ConvertedModels.path("tiny-en", .q4))
        let cache = try PromptCache(folder: folder.file("cache"), limit: 1 << 30, model: model)
        let prompt = String(repeating: "And it came to pass in those days, ", count: 20)
        func answer(_ cache: PromptCache?) throws -> (text: String, result: GenerationResult) {
            var text = ""
            let options = GenerationOptions(
                sampling: Sampling(temperature: 1, repetitionPenalty: 1.1, seed: 4), maxTokens: 30, cache: cache)
            let result = try model.makeSession().generate(prompt, options: options) {
                text += $0
                return true
            }
            return (text, result)
        }
        let plain = try answer(nil)
        #expect(plain.result.reusedTokens == 0)
        #expect(try answer(cache).text == plain.text)
        let reused = try answer(cache)
        #expect(reused.text == plain.text)
        #expect(reused.result.reusedTokens == plain.result.promptTokens)
        #expect(reused.result.promptTokens == plain.result.promptTokens)

        let error = #expect(throws: ModelError.self) {
            try self.model.makeSession().generate("a", options: GenerationOptions(cache: cache)) { _ in true }
        }
        #expect(error?.kind == .mismatch)
    }
}
