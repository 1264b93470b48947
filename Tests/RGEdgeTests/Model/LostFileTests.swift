import Foundation
import ModelTestSupport
import TestSupport
import Testing

@testable import RGEdge

/// A guarded model file that is cut while it is in use.
@Suite struct LostFileTests {
    private let folder: TemporaryFolder
    private let path: String

    init() throws {
        folder = try TemporaryFolder()
        path = folder.file("model.rgq")
        try FileManager.default.copyItem(atPath: ConvertedModels.path("tiny-en", .q8), toPath: path)
    }

    private func model() throws -> Model { try Model(path: path, options: Model.Options(threads: 2, guardFile: true)) }

    private func cut() { #expect(truncate(path, 0) == 0) }

    /// The error of a call that needs the weights.
    private func lossError(_ call: () throws(ModelError) -> Void) -> ModelError? {
        do throws(ModelError) {
            try call()
            return nil
        } catch {
            return error
        }
    }

    private func expectLoss(sourceLocation: SourceLocation = #_sourceLocation, _ call: () throws(ModelError) -> Void) {
        let error = lossError(call)
        #expect(error?.kind == .io && error?.code == EIO, sourceLocation: sourceLocation)
        #expect(
            error?.description.hasPrefix("\(path): became shorter or was written to while it was in use; ") == true,
            sourceLocation: sourceLocation)
    }

    @Test func aSessionThatCanNotBeFedIsAsBefore() throws {
        let model = try model()
        let session = try model.makeSession(), other = try model.makeSession()
        try session.feed([2, 5, 9])
        try other.feed([2, 5, 9])
        let whole = session.serialized()
        cut()
        for tokens: [UInt32] in [[7], [7, 8], Array(repeating: 7, count: 1000)] {
            expectLoss { () throws(ModelError) in try session.feed(tokens) }
            #expect(session.position == 3 && session.serialized() == whole)
        }
        // What needs no weights goes on.
        #expect(try session.sample(Sampling()) == other.sample(Sampling()))
        #expect(try session.fork().serialized() == whole)
        try session.save(to: folder.file("kept.rgs"))
        #expect(try folder.contents() == ["kept.rgs", "model.rgq"])
    }

    @Test func noLogitsOfALostFileAreHandedOut() throws {
        let session = try model().makeSession()
        var rows = 0
        let tokens = [UInt32](repeating: 5, count: 1000)
        expectLoss { () throws(ModelError) in
            try session.feed(tokens) { index, _ in
                if index == 0 { cut() }
                rows += 1
            }
        }
        // Those of the first pass, which was over.
        #expect(rows == 32 && session.position == 0)
    }

    @Test(arguments: [0, 4]) func anAnswerEndsWithAnError(lookup: Int) throws {
        let model = try model(), intact = try Model(path: ConvertedModels.path("tiny-en", .q8))
        let session = try model.makeSession()
        var text = ""
        expectLoss { () throws(ModelError) in
            _ = try session.generate("In the", options: GenerationOptions(maxTokens: 1000, lookup: lookup)) { part in
                if text.isEmpty { cut() }
                text += part
                return true
            }
        }
        // All that was shown is right.
        var whole = ""
        _ = try intact.makeSession().generate("In the", options: GenerationOptions(maxTokens: 1000)) { part in
            whole += part
            return whole.count < text.count
        }
        #expect(!text.isEmpty && whole.hasPrefix(text))
        expectLoss { () throws(ModelError) in
            _ = try model.makeSession().generate("In the", options: GenerationOptions()) { _ in
                Issue.record("text of a lost model")
                return true
            }
        }
    }

    @Test func aPromptCacheKeepsNothingOfALostFile() throws {
        let model = try model(), session = try model.makeSession()
        let cache = try PromptCache(folder: folder.file("cache"), limit: 1 << 30, model: model) { Issue.record("\($0)") }
        cut()
        expectLoss { () throws(ModelError) in
            _ = try session.prefill([UInt32](repeating: 5, count: 2000), through: cache)
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.file("cache")) == [])
    }

    @Test func anUnguardedFileIsTakenForIntact() throws {
        let model = try Model(path: path)
        #expect(model.file.isIntact)
    }
}
