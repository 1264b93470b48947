import Conversion
import Foundation
import TestSupport
import Tiles

/// Model files made of the fixtures, each once in a run of the tests, in a folder beside the test program.
public enum ConvertedModels {
    private struct Key: Hashable {
        let name: String
        let type: WeightType
        let hasTemplate: Bool
    }

    private final class Cache: @unchecked Sendable {
        private let lock = NSLock()
        private var paths: [Key: Result<String, any Error>] = [:]
        private let folder = Result {
            let program = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
            let folder = program.deletingLastPathComponent().appendingPathComponent("ConvertedModels")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            return folder
        }

        /// Waits for whoever is making the same file.
        func path(_ key: Key) throws -> String {
            lock.lock()
            defer { lock.unlock() }
            let result = paths[key] ?? Result { try make(key) }
            paths[key] = result
            return try result.get()
        }

        private func make(_ key: Key) throws -> String {
            let source = key.name == "tiny-en" ? Fixtures.tinyEnglish : Fixtures.oracle(key.name)
            let name = "\(key.name)-\(key.type.name)\(key.hasTemplate ? "-it" : "").rgq"
            let target = try folder.get().appendingPathComponent(name).path
            var options = Conversion.Options()
            options.types = TypePreset(all: key.type)
            options.chatTemplate = key.hasTemplate ? .gemma : .none
            _ = try Conversion(source: source, options: options).write(to: target)
            return target
        }
    }

    private static let cache = Cache()

    /// The file of `alpha`, `beta`, `gamma` or `tiny-en`, with all matrices of a type.
    public static func path(_ name: String, _ type: WeightType) throws -> String {
        try cache.path(Key(name: name, type: type, hasTemplate: false))
    }

    /// The same with Gemma's chat template, as instruction-tuned models have it.
    public static func pathWithTemplate(_ name: String, _ type: WeightType) throws -> String {
        try cache.path(Key(name: name, type: type, hasTemplate: true))
    }

    /// Converts a folder, with all matrices of a type and the vocabulary that texts use; returns the pieces that it keeps, too.
    public static func convert(
        _ source: String, _ type: WeightType, vocabulary texts: [String], to target: String
    ) throws -> (path: String, kept: [UInt32]) {
        var options = Conversion.Options()
        options.types = TypePreset(all: type)
        options.chatTemplate = .none
        let conversion = try Conversion(source: source, options: options, vocabulary: VocabularyTexts(texts))
        _ = try conversion.write(to: target)
        return (target, conversion.vocabulary?.kept ?? [])
    }

    /// Converts a folder, with all matrices of a type except those of attention blocks.
    public static func convert(
        _ source: String, _ type: WeightType, attention: WeightType, to target: String
    ) throws -> String {
        var options = Conversion.Options()
        options.types = TypePreset(all: type)
        options.rules = [TensorTypeRule(pattern: "*.temporal_block.?_proj.weight", type: attention)]
        options.chatTemplate = .none
        _ = try Conversion(source: source, options: options).write(to: target)
        return target
    }
}
