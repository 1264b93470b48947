import AllocationCounter
import Foundation
import ModelTestSupport
import TestSupport
import Testing
import Tiles

@testable import RGEdge

@Suite("Saved sessions")
struct SessionFileTests {
    private let model: Model
    private let session: Session
    private let bytes: [UInt8]
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        model = try Model(path: try ConvertedModels.path("alpha", .q8), options: Model.Options(threads: 1))
        session = try model.makeSession()
        try session.feed((0..<21).map { $0 * 17 })
        bytes = session.serialized()
    }

    /// What loading from memory and from a file says of bytes: both the same, except for the name.
    private func refusal(of bytes: [UInt8], by model: Model? = nil, _ comment: String = "") throws -> ModelError {
        let model = model ?? self.model
        let path = try folder.write(bytes, to: "bent.rgs")
        let fromFile = try #require(throws: ModelError.self, "\(comment)") { try model.session(from: path) }
        let fromMemory = try #require(throws: ModelError.self, "\(comment)") { try model.session(deserializing: bytes.span.bytes) }
        #expect(fromFile.kind == fromMemory.kind, "\(comment)")
        #expect(fromFile.description.hasPrefix(path + ": "), "\(comment)")
        #expect(fromMemory.description.hasPrefix("the saved session: "), "\(comment)")
        #expect(
            fromFile.description.dropFirst(path.count) == fromMemory.description.dropFirst("the saved session".count), "\(comment)")
        #expect(fromFile.description.contains("; "), "\(comment)")
        return fromFile
    }

    private func refusal(_ bend: (inout BentSession) -> Void) throws -> ModelError {
        var bent = BentSession(bytes)
        bend(&bent)
        return try refusal(of: bent.bytes())
    }

    // MARK: - Size

    @Test("Only what means something is written, and a full window is the largest file")
    func sizes() throws {
        var sizes: [Int] = []
        for count in [0, 1, 8, 16, 17, 200] {
            let session = try model.makeSession()
            try session.feed((0..<UInt32(count)).map { $0 % 512 })
            let bytes = session.serialized()
            #expect(bytes.count <= session.largestSerialization)
            #expect(try model.session(deserializing: bytes.span.bytes).position == Int64(count))
            sizes.append(session.largestSerialization)
        }
        // Six recurrent layers of 4 × 128 f32 behind one prefix of 4 bytes.
        #expect(sizes[0] == 128 + 4 + 6 * 4 * 128 * 4)
        // A token, keys and values of two layers of 64 f16 and an exponent, 512 logits: ten more segments.
        #expect(sizes[1] == sizes[0] + 10 * 4 + 4 + 4 * (64 * 2 + 1) + 512 * 4)
        #expect(sizes[2] == sizes[1] + 7 * (4 + 4 * (64 * 2 + 1)))
        #expect(sizes[3] == sizes[2] + 8 * (4 + 4 * (64 * 2 + 1)))
        // From there on only tokens come, up to 4096.
        #expect(sizes[4] == sizes[3] + 4)
        #expect(sizes[5] == sizes[4] + 183 * 4)
    }

    @Test("Where the system has no memory to pack or to unpack, that is an error, and no file is written")
    func noMemory() throws {
        let path = folder.file("session.rgs")
        allocation_refuse(session.largestSerialization, session.largestSerialization)
        var error = #expect(throws: ModelError.self) { try session.save(to: path) }
        allocation_refuse(0, 0)
        #expect(error?.kind == .memory)
        #expect(error?.description.hasPrefix("\(path): no memory to pack a session of ") == true)
        #expect(try folder.contents() == [])

        try session.save(to: path)
        allocation_refuse(bytes.count - 128, bytes.count - 128)
        error = #expect(throws: ModelError.self) { try model.session(from: path) }
        allocation_refuse(0, 0)
        #expect(error?.kind == .memory)
        #expect(error?.description == "\(path): no memory to unpack a session of \(bytes.count - 128) bytes; close other programs")
        #expect(try model.session(from: path).serialized() == bytes)
    }

    @Test("What is empty packs well")
    func packing() throws {
        #expect(try model.makeSession().serialized().count < 128 + 200)
    }

    @Test("A buffer that may be too small is refused, and larger ones are left as they are")
    func buffers() {
        var buffer = [UInt8](repeating: 0xAB, count: session.largestSerialization + 10)
        let small = buffer.withUnsafeMutableBytes {
            session.serialize(into: .init(rebasing: $0[..<(session.largestSerialization - 1)]))
        }
        #expect(small == nil)
        #expect(buffer.allSatisfy { $0 == 0xAB })
        let count = buffer.withUnsafeMutableBytes { session.serialize(into: $0) }
        #expect(count == bytes.count)
        #expect(Array(buffer[..<bytes.count]) == bytes)
        #expect(buffer[session.largestSerialization...].allSatisfy { $0 == 0xAB })
    }

    // MARK: - Damage

    @Test("Cut at any byte it is refused")
    func cut() throws {
        for count in [Int](0..<140) + stride(from: 140, to: bytes.count, by: 97) + [bytes.count - 1] {
            let error = try refusal(of: Array(bytes[..<count]), "cut at \(count)")
            #expect(error.kind == .format, "cut at \(count): \(error)")
            let words = "is empty, not a saved session; give one that rg-edge saved, or begin"
            if count == 0 { #expect(error.description.contains(words)) }
            if count >= 4 { #expect(error.description.contains("is cut"), "cut at \(count): \(error)") }
        }
        let grown = try refusal(of: bytes + [0])
        #expect(grown.description.contains("has grown"))
    }

    @Test("Every flipped bit is found")
    func flips() throws {
        var random = RandomSource(seed: 3)
        for place in [Int](0..<128) + (0..<300).map({ _ in Int.random(in: 128..<bytes.count, using: &random) }) {
            var damaged = bytes
            damaged[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            let error = try #require(throws: ModelError.self, "byte \(place)") {
                try model.session(deserializing: damaged.span.bytes)
            }
            let expected: ModelError.Kind =
                switch place {
                case 0..<4: .format
                case 4..<8: .version
                default: .checksum
                }
            #expect(error.kind == expected, "byte \(place): \(error)")
        }
        #expect(try model.session(deserializing: bytes.span.bytes).position == 21)
    }

    @Test("Any bytes behind right checksums are read safely")
    func randomContents() throws {
        var random = RandomSource(seed: 4)
        var refused = 0
        for _ in 0..<2000 {
            var bent = BentSession(bytes)
            switch Int.random(in: 0..<4, using: &random) {
            case 0:
                let place = Int.random(in: 0..<bent.content.count, using: &random)
                bent.content[place] = UInt8.random(in: 0...255, using: &random)
            case 1: bent.content.removeLast(Int.random(in: 1...bent.content.count, using: &random))
            case 2:
                let place = Int.random(in: 0..<bent.content.count, using: &random)
                for index in place..<min(place + 40, bent.content.count) {
                    bent.content[index] = UInt8.random(in: 0...255, using: &random)
                }
            default: bent.set(UInt64.random(in: 0...100, using: &random), at: 32)
            }
            do throws(ModelError) {
                let session = try model.session(deserializing: bent.bytes().span.bytes)
                // Whatever it holds, it goes on.
                try session.feed([1, 2, 3])
                let sampling = Sampling(temperature: 1, topP: 0.9, repetitionPenalty: 2, repetitionWindow: 4096)
                _ = try session.generate("a", options: GenerationOptions(sampling: sampling, maxTokens: 2)) { _ in true }
            } catch {
                refused += 1
                #expect(error.kind == .format || error.kind == .content)
            }
        }
        #expect(refused > 500)
        #expect(refused < 2000)
    }

    // MARK: - Fields

    @Test("A session of another model is refused")
    func otherModel() throws {
        for (name, type) in [("alpha", WeightType.q4), ("beta", .q8)] {
            let other = try Model(path: try ConvertedModels.path(name, type))
            let error = try refusal(of: bytes, by: other)
            #expect(error.kind == .mismatch)
            #expect(error.description.contains("is a session of a different model than \(other.file.path); open it with the model"))
        }
    }

    @Test("Another version says what to do")
    func version() throws {
        let error = try refusal { $0.set(UInt32(4), at: 4) }
        #expect(error.kind == .version)
        #expect(
            error.description.contains("is RGS version 4, and this program reads versions 1 to 3; use the program that wrote it"))
    }

    @Test("A model file is not a session, nor a session a model file")
    func mixedUp() throws {
        let path = folder.file("session.rgs")
        try session.save(to: path)
        let model = #expect(throws: ModelError.self) { try Model(path: path) }
        #expect(model?.description.contains("is a saved session, not an RGQ file") == true)
        let error = #expect(throws: ModelError.self) { try self.model.session(from: self.model.file.path) }
        #expect(error?.kind == .format)
        #expect(error?.description.contains("is not a saved session; give one that rg-edge saved") == true)
    }

    @Test("Hostile fields behind right checksums are refused", arguments: HostileField.all)
    func hostile(field: HostileField) throws {
        let error = try refusal(field.bend)
        #expect(error.kind == .format)
        #expect(error.description.contains(field.expected), "\(error)")
    }

    @Test("A position that the file doesn't hold the rings for is refused; the farthest goes on")
    func farthestPosition() throws {
        let far = try model.makeSession()
        try far.feed((0..<4096).map { $0 % 512 })
        var bent = BentSession(far.serialized())
        bent.set(UInt64(1) << 53 - 3, at: 32)
        let session = try model.session(deserializing: bent.bytes().span.bytes)
        #expect(session.position == 1 << 53 - 3)
        try session.feed([1, 2, 3])
        #expect(session.position == Session.positionLimit)
        #expect(session.logits?.allSatisfy { $0.isFinite } == true)
        // To the end, which can be saved and brought back.
        #expect(throws: ModelError.self) { try session.feed([4]) }
        #expect(try model.session(deserializing: session.serialized().span.bytes).serialized() == session.serialized())
        // 21 is past the window, so that more positions need more tokens.
        #expect(throws: ModelError.self) { try model.session(deserializing: BentSession.at(22, bytes).span.bytes) }
    }

    // MARK: - Files

    @Test("A missing file is named")
    func missing() {
        let error = #expect(throws: ModelError.self) { try model.session(from: folder.file("none.rgs")) }
        #expect(error?.kind == .io)
        #expect(error?.description == "\(folder.file("none.rgs")): no such file; check the path")
        let saving = #expect(throws: ModelError.self) { try session.save(to: folder.file("none/session.rgs")) }
        #expect(saving?.kind == .io)
        #expect(saving?.description.contains("make the folder first") == true)
    }

    @Test("Saving replaces what was there, whole")
    func replacing() throws {
        let path = folder.file("session.rgs")
        try session.save(to: path)
        try session.feed([1])
        try session.save(to: path)
        #expect(try model.session(from: path).position == 22)
        #expect(try folder.contents() == ["session.rgs"])
    }

    @Test(.enabled(if: SmallDisk.isAvailable, "needs the right to mount a file system"))
    func aFullDiskLeavesTheOldFile() throws {
        let disk = try SmallDisk(byteCount: 1 << 16)
        let path = disk.file("session.rgs")
        try model.makeSession().save(to: path)
        let old = try Data(contentsOf: URL(fileURLWithPath: path))
        // With little room left.
        try Data(repeating: 1, count: 40 << 10).write(to: URL(fileURLWithPath: disk.file("ballast")))
        let error = #expect(throws: ModelError.self) { try session.save(to: path) }
        #expect(error?.kind == .io)
        #expect(error?.description.contains("make room") == true)
        #expect(try FileManager.default.contentsOfDirectory(atPath: disk.path).sorted() == ["ballast", "session.rgs"])
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == old)
    }

    @Test("A process that is killed while it saves leaves the old file or the new one")
    func killed() async throws {
        let path = folder.file("session.rgs")
        for milliseconds in [1, 3, 7, 15] {
            await #expect(processExitsWith: .signal(SIGKILL)) {
                [path = path as String, model = model.file.path as String, milliseconds = milliseconds as Int] in
                let session = try Model(path: model, options: Model.Options(threads: 1)).makeSession()
                try session.feed([1, 2, 3])
                try session.save(to: path)
                Thread.detachNewThread {
                    usleep(UInt32(milliseconds) * 1000)
                    kill(getpid(), SIGKILL)
                }
                while true {
                    try session.consume(4)
                    try session.save(to: path)
                }
            }
            #expect(try model.session(from: path).position >= 3)
        }
        #expect(
            try folder.contents().allSatisfy { $0 == "session.rgs" || $0.hasPrefix(".session.rgs.") && $0.hasSuffix(".partial") })
    }

    @Test("A session is saved and loaded while another one computes")
    func meanwhile() async throws {
        let path = folder.file("session.rgs")
        let (model, expected) = (model, bytes)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                let busy = try model.makeSession()
                for _ in 0..<20 { try busy.feed((0..<100).map { $0 }) }
            }
            group.addTask {
                let session = try model.session(deserializing: expected.span.bytes)
                for _ in 0..<20 {
                    try session.save(to: path)
                    #expect(try model.session(from: path).serialized() == expected)
                }
            }
            try await group.waitForAll()
        }
    }
}

/// A field that breaks a rule of `formats/rgs.md`, and a part of the sentence that must report it.
struct HostileField: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let expected: String
    let bend: @Sendable (inout BentSession) -> Void

    init(_ name: String, _ expected: String, bend: @escaping @Sendable (inout BentSession) -> Void) {
        testDescription = name
        self.expected = expected
        self.bend = bend
    }

    static let all =
        [
            HostileField("a flag that means nothing", "has unknown flags") { $0.set(UInt32(2), at: 48) },
            HostileField("reserved bytes", "has something in its reserved bytes") { $0.set(UInt8(1), at: 119) },
            HostileField("a position of 2^53 + 1", "is at position 9007199254740993") { $0.set(UInt64(1) << 53 + 1, at: 32) },
            HostileField("a position of 2^64 - 1", "is at position 18446744073709551615") { $0.set(UInt64.max, at: 32) },
            HostileField("an earlier position", "larger than a session at its position can be") { $0.set(UInt64(1), at: 32) },
            HostileField("a later position", "has a segment") { $0.set(UInt64(100), at: 32) },
            HostileField("another size", "is cut") {
                $0.keepsSize = true
                $0.content.removeLast()
            },
            HostileField("bytes after the last segment", "larger than a session at its position can be") {
                $0.content += [UInt8](repeating: 0, count: 1000)
            },
            HostileField("a segment of 2^32 - 1 bytes", "has a segment that is too long") {
                $0.content.replaceSubrange(0..<4, with: [255, 255, 255, 255])
            },
            HostileField("a segment longer than the file", "has a segment that is too long") {
                $0.content = Array($0.content[..<50])
            },
            HostileField("a segment of no bytes", "has a segment that doesn't unpack") {
                $0.content.replaceSubrange(0..<4, with: [0, 0, 0, 0])
            },
            HostileField("no content", "ends before its last segment") { $0.content = [] },
            HostileField("a token outside the vocabulary", "has token 512, outside the vocabulary of 512") {
                // The tokens are 21, and don't pack: 84 bytes after a prefix of four.
                $0.content.replaceSubrange(8..<12, with: [0, 2, 0, 0])
            },
        ]
        + [52, 56, 60, 64, 68, 72, 76].map { offset in
            HostileField("another shape at \(offset)", "has other shapes than its model") { $0.set(UInt32(3), at: offset) }
        }
}

extension BentSession {
    /// Session bytes moved to another position.
    fileprivate static func at(_ position: UInt64, _ bytes: [UInt8]) -> [UInt8] {
        var bent = BentSession(bytes)
        bent.set(position, at: 32)
        return bent.bytes()
    }
}
