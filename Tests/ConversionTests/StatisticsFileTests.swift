import Checkpoint
import Conversion
import Foundation
import Griffin
import ModelFile
import System
import TestSupport
import Testing

/// Files of statistics: what conversions make of them, and what is wrong with them.
@Suite struct StatisticsFileTests {
    private let folder: TemporaryFolder
    private static let advice = "make it with rg-quant calibrate, from a file of the same model"
    private static let name = "model.layers.0.temporal_block.linear_x.weight"

    init() throws {
        folder = try TemporaryFolder()
    }

    /// Statistics of the small model from a few words.
    private func statistics() throws -> StatisticsFile {
        _ = try Conversion(source: Fixtures.tinyEnglish, options: .type(.q8)).write(to: folder.file("q8.rgq"))
        try Calibration(model: folder.file("q8.rgq"), text: String(repeating: "a word, and then another one. ", count: 30))
            .write(to: folder.file("stats"))
        return try StatisticsFile(reading: folder.file("stats"))
    }

    private func options(_ path: String, threads: Int? = nil, _ types: TypePreset = .q4Small) throws -> Conversion.Options {
        var options = Conversion.Options()
        options.types = types
        options.importance = try Importance(path: path)
        options.threads = threads
        return options
    }

    /// What converting with a file throws. Nothing is written, even if the statistics prove invalid only while weights are
    /// converted.
    private func error(_ path: String) throws -> FileProblem? {
        let before = try folder.contents()
        do throws(FileProblem) {
            var options = Conversion.Options()
            options.types = .q4Small
            options.importance = try Importance(path: path)
            _ = try Conversion(source: Fixtures.tinyEnglish, options: options).write(to: folder.file("out.rgq"))
            return nil
        } catch {
            #expect(try folder.contents() == before)
            return error
        }
    }

    // MARK: - Conversions

    @Test func theFileIsTheSameForAnyNumberOfThreads() throws {
        _ = try statistics()
        var files: [Data] = []
        for threads in [1, 2, 5] {
            _ = try Conversion(source: Fixtures.tinyEnglish, options: options(folder.file("stats"), threads: threads))
                .write(to: folder.file("\(threads).rgq"))
            files.append(try folder.contents(of: "\(threads).rgq"))
        }
        #expect(files[0] == files[1] && files[0] == files[2])
    }

    /// A file without moments has the effect that it always had, and moments matter only in q4.
    @Test func onlyQ4HasFeedback() throws {
        var statistics = try statistics()
        let before = try ConvertedModel(Fixtures.tinyEnglish, options(folder.file("stats"), .q4))
        statistics.tensors.removeAll { $0.name.hasSuffix(".moments") }
        try statistics.write(to: folder.file("squares"))
        let without = try ConvertedModel(Fixtures.tinyEnglish, options(folder.file("squares"), .q4))
        let plain = try ConvertedModel(Fixtures.tinyEnglish)
        for tensor in plain.file.tensors {
            func bytes(_ model: ConvertedModel) throws -> [UInt8] {
                Array(model.file.bytes(of: try #require(model.file.tensor(named: tensor.name))))
            }
            let isQ4 = tensor.type == .q4
            #expect(try (bytes(before) == bytes(without)) == !isQ4, "\(tensor.name)")
            #expect(try (bytes(plain) == bytes(without)) == !isQ4, "\(tensor.name)")
        }
    }

    /// Matrices that share an input may share nothing else: each is converted as if it were alone.
    @Test func errorsOfWeightsGrowAndAreReported() throws {
        var statistics = try statistics()
        let with = try ConvertedModel(Fixtures.tinyEnglish, options(folder.file("stats")))
        statistics.tensors.removeAll { $0.name.hasSuffix(".moments") }
        try statistics.write(to: folder.file("squares"))
        let without = try ConvertedModel(Fixtures.tinyEnglish, options(folder.file("squares")))
        let compared = try SourceComparison(source: Fixtures.tinyEnglish, file: with.file.path).run()
        for (index, tensor) in with.report.tensors.enumerated() where tensor.description.type == .q4 {
            #expect(tensor.figures.relativeError > without.report.tensors[index].figures.relativeError)
            #expect(abs(tensor.figures.relativeError - compared[index].figures.relativeError) < 1e-6)
        }
    }

    @Test func statisticsAreNotReplacedByTheirModel() throws {
        _ = try statistics()
        let conversion = try Conversion(source: Fixtures.tinyEnglish, options: options(folder.file("stats")))
        let error = #expect(throws: FileProblem.self) { try conversion.write(to: folder.file("stats")) }
        #expect(error?.problem == "is one of the files that are read")
    }

    @Test func statisticsThatChangeMeanwhileAreNoticed() throws {
        let statistics = try statistics()
        let conversion = try Conversion(source: Fixtures.tinyEnglish, options: options(folder.file("stats")))
        try statistics.write(to: folder.file("stats"))
        let error = #expect(throws: FileProblem.self) { try conversion.write(to: folder.file("out.rgq")) }
        #expect(error?.path == folder.file("stats") && error?.problem == "changed while it was read")
        #expect(!FileManager.default.fileExists(atPath: folder.file("out.rgq")))
    }

    @Test func statisticsThatAreCutMeanwhileAreNoticed() throws {
        _ = try statistics()
        let conversion = try Conversion(source: Fixtures.tinyEnglish, options: options(folder.file("stats")))
        try #require(truncate(folder.file("stats"), 400_000) == 0)
        let error = #expect(throws: FileProblem.self) { try conversion.write(to: folder.file("out.rgq")) }
        #expect(error?.path == folder.file("stats") && error?.problem == "became shorter while it was read")
    }

    // MARK: - Files that are not statistics

    enum Damage: String, CaseIterable {
        case missing, empty, matrix, half, short, long, negative, notANumber, infinite
        case momentsMissing, momentsMatrix, momentsHalf, momentsShort, momentsLong, momentsNotANumber, momentsInfinite
        case momentsNegative, momentsImpossible, lastMomentsImpossible
    }

    @Test(arguments: Damage.allCases)
    func damagedStatisticsAreErrors(damage: Damage) throws {
        let name = Self.name, moments = name + ".moments", count = 192 * 193 / 2
        var statistics = try statistics()
        let problem: String
        switch damage {
        case .missing:
            statistics.tensors.removeAll { $0.name == name }
            problem = "has no statistics of \(name)"
        case .empty:
            statistics.change(name) { $0 = .init(name: name, dimensions: [0], floats: []) }
            problem = "has statistics of 0 inputs of \(name), which has 192"
        case .matrix:
            statistics.change(name) { $0.dimensions = [1, 192] }
            problem = "tensor \(name) is not a vector of F32"
        case .half:
            statistics.change(name) { $0.type = .f16 }
            problem = "tensor \(name) is not a vector of F32"
        case .short:
            statistics.change(name) { $0 = .init(name: name, dimensions: [2], floats: [1, 1]) }
            problem = "has statistics of 2 inputs of \(name), which has 192"
        case .long:
            statistics.change(name) { $0 = .init(name: name, dimensions: [193], floats: [Float](repeating: 1, count: 193)) }
            problem = "has statistics of 193 inputs of \(name), which has 192"
        case .negative, .notANumber, .infinite:
            statistics.change(name) { $0.floats[191] = [.negative: -1, .notANumber: .nan, .infinite: .infinity][damage]! }
            problem = "tensor \(name) has numbers that can't be mean squares"
        case .momentsMissing:
            statistics.tensors.removeAll { $0.name == moments }
            problem = "has no tensor \(moments), but has others of its kind"
        case .momentsMatrix:
            statistics.change(moments) { $0.dimensions = [count, 1] }
            problem = "tensor \(moments) is not a vector of F32"
        case .momentsHalf:
            statistics.change(moments) { $0.type = .f16 }
            problem = "tensor \(moments) is not a vector of F32"
        case .momentsShort:
            statistics.change(moments) { $0 = .init(name: moments, dimensions: [count - 1], floats: Array($0.floats.dropLast())) }
            problem = "tensor \(moments) has \(count - 1) numbers, but \(name) asks for \(count)"
        case .momentsLong:
            statistics.change(moments) { $0 = .init(name: moments, dimensions: [count + 1], floats: $0.floats + [1]) }
            problem = "tensor \(moments) has \(count + 1) numbers, but \(name) asks for \(count)"
        case .momentsNotANumber, .momentsInfinite:
            statistics.change(moments) { $0.floats[count - 2] = damage == .momentsInfinite ? -.infinity : .nan }
            problem = "tensor \(moments) has numbers that are not finite"
        case .momentsNegative:
            statistics.change(moments) { $0.floats[count - 1] = -1e-9 }
            problem = "tensor \(moments) has numbers that can't be second moments: they are not positive semidefinite"
        case .momentsImpossible:
            statistics.change(moments) { $0.floats[1] = 100 * ($0.floats[0] + $0.floats[2]) }
            problem = "tensor \(moments) has numbers that can't be second moments: they are not positive semidefinite"
        case .lastMomentsImpossible:
            let last = "model.embed_tokens.weight.moments"
            statistics.change(last) { $0.floats[count - 2] = -1e30 }
            problem = "tensor \(last) has numbers that can't be second moments: they are not positive semidefinite"
        }
        let path = folder.file("damaged")
        try statistics.write(to: path)
        #expect(try error(path)?.description == "\(path): \(problem); \(Self.advice)")
    }

    /// A tensor of 32 GB, nearly all of it a hole: a tensor that no matrix asks for is not read, and others only if they have the
    /// size asked for.
    @Test func hugeStatisticsAreNotRead() throws {
        var statistics = try statistics()
        statistics.tensors.append(.init(name: "zzz", dimensions: [], floats: [0]))
        try statistics.write(to: folder.file("other"))
        for (name, problem) in [
            ("a", nil), (Self.name, "has statistics of 8000000000 inputs of \(Self.name), which has 192"),
            (Self.name + ".moments", "tensor \(Self.name).moments has 8000000000 numbers, but \(Self.name) asks for 18528"),
        ] as [(String, String?)] {
            let path = folder.file("huge")
            var tensors = statistics.tensors.filter { $0.name != name }
            let small = tensors.reduce(0) { $0 + 4 * $1.floats.count }
            // The table of a file with one more tensor, by hand: the writer would want room on the disk.
            var offset = 0
            var entries = tensors.map { tensor in
                defer { offset += 4 * tensor.floats.count }
                return """
                    "\(tensor.name)":{"dtype":"F32","shape":\(tensor.dimensions),\
                    "data_offsets":[\(offset),\(offset + 4 * tensor.floats.count)]}
                    """
            }
            let end = small + 32_000_000_000
            entries.append(#""\#(name)":{"dtype":"F32","shape":[8000000000],"data_offsets":[\#(small),\#(end)]}"#)
            let table = Array("{\(entries.joined(separator: ","))}".utf8)
            var bytes = (0..<8).map { UInt8(truncatingIfNeeded: table.count >> (8 * $0)) } + table
            tensors.removeAll { $0.floats.isEmpty }
            for tensor in tensors { tensor.floats.withUnsafeBytes { bytes += Array($0) } }
            try Data(bytes).write(to: URL(fileURLWithPath: path))
            try #require(truncate(path, off_t(bytes.count + 32_000_000_000)) == 0)
            #expect(try error(path)?.description == problem.map { "\(path): \($0); \(Self.advice)" }, "\(name)")
        }
    }

    @Test func statisticsThatAreMissingOrCut() throws {
        #expect(try error(folder.file("none"))?.description == "\(folder.file("none")): is missing; \(Self.advice)")
        let path = try folder.write([1, 2, 3], to: "cut")
        #expect(try error(path)?.problem == "has 3 bytes, too few for a safetensors file")
        _ = try statistics()
        try #require(truncate(folder.file("stats"), 3_000_000) == 0)
        #expect(try error(folder.file("stats"))?.problem.contains("the file is cut or its header is damaged") == true)
    }
}
