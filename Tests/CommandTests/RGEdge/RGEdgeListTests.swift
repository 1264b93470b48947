import Foundation
import JSON
import TestSupport
import Testing

@Suite struct RGEdgeListTests {
    private func list(_ arguments: String..., folders: String) throws -> Command.Outcome {
        try Command.rgEdge.run(["list"] + arguments, environment: ["RG_EDGE_MODELS": folders])
    }

    /// A folder with links to models of these names.
    private func folder(_ names: String...) throws -> TemporaryFolder {
        let folder = try TemporaryFolder(), model = try ConvertedModel.englishInQ4()
        for name in names { try FileManager.default.createSymbolicLink(atPath: folder.file(name), withDestinationPath: model) }
        return folder
    }

    @Test func modelsAreListedByNameWithoutThoseThatAreHidden() throws {
        let first = try folder("b.rgq", "a.rgq"), second = try folder("b.rgq", "c.rgq")
        _ = try first.write(Array("no model".utf8), to: "broken.rgq")
        _ = try first.write([], to: "note.txt")
        let folders = "\(first.path):/nowhere:\(second.path)"
        let outcome = try list(folders: folders)
        #expect(outcome.ending == .exit(0) && outcome.errors.isEmpty)
        #expect(outcome.lines.map { $0.prefix { $0 != " " } } == ["model", "a", "b", "broken", "c"])
        #expect(outcome.lines[1].contains("q4") && outcome.lines[1].hasSuffix("/a.rgq"))
        #expect(outcome.lines[2].contains(first.path) && outcome.lines[3].contains("is not"))

        let rows = try #require(try JSONValue(parsing: Array(try list("--json", folders: folders).text.utf8)).arrayValue)
        #expect(rows.map { $0["name"]?.stringValue } == ["a", "b", "broken", "c"])
        #expect(rows[0]["type"] == "q4" && rows[0]["default"] == false && rows[2]["problem"] != nil)
    }

    @Test func aFolderWithoutModelsSaysHowToGetOne() throws {
        let empty = try TemporaryFolder()
        let outcome = try list(folders: empty.path)
        #expect(outcome.ending == .exit(1) && outcome.output.isEmpty)
        #expect(outcome.errors.hasPrefix("rg-edge: there are no models yet in \(empty.path); make one with: hf download"))
        #expect(outcome.errors.split(separator: "\n").count == 1)
        #expect(try list("--json", folders: empty.path).text.split(whereSeparator: \.isWhitespace) == ["[]"])
    }

    @Test func aModelIsFoundByItsName() throws {
        let named = try folder("small.rgq", "other.rgq")
        func tokens(_ arguments: String...) throws -> Command.Outcome {
            try Command.rgEdge.run(["tokenize", "--ids"] + arguments, environment: ["RG_EDGE_MODELS": named.path])
        }
        let usual = try tokens("-m", try ConvertedModel.englishInQ4(), "In the beginning")
        #expect(try tokens("-m", "small", "In the beginning").text == usual.text)
        #expect(try tokens("-m", "small.rgq", "In the beginning").text == usual.text)
        let unknown = try tokens("-m", "smaller", "In")
        #expect(unknown.ending == .exit(1))
        #expect(unknown.errors == "rg-edge: smaller: neither a file nor one of the models of 'rg-edge list'; check the name\n")
        let several = try tokens("In the beginning")
        #expect(several.ending == .exit(64))
        #expect(several.errors.hasPrefix("rg-edge: There are several models, other, small; name one with -m FILE"))
    }

    @Test(arguments: [["only.rgq"], ["default.rgq", "other.rgq"]]) func oneModelIsTheDefault(_ names: [String]) throws {
        let folder = try TemporaryFolder(), model = try ConvertedModel.englishInQ4()
        for name in names { try FileManager.default.createSymbolicLink(atPath: folder.file(name), withDestinationPath: model) }
        let outcome = try Command.rgEdge.run(["tokenize", "--ids", "In"], environment: ["RG_EDGE_MODELS": folder.path])
        #expect(outcome.text == (try Command.rgEdge.run("tokenize", "--ids", "-m", model, "In")).text)
        #expect(try list(folders: folder.path).lines.contains { $0.contains(" (default) ") })
    }
}
