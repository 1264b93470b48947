import Foundation
import JSON
import ModelFile
import TestSupport
import Testing

/// `rg-quant compare`, `calibrate` and `export` as a user runs them.
@Suite struct RGQuantCompareTests {
    private let folder: TemporaryFolder
    private let source = Fixtures.oracle("alpha")

    init() throws { folder = try TemporaryFolder() }

    private func convert(_ options: String..., to name: String) throws -> String {
        let outcome = try Command.rgQuant.run(["convert", source, "-q", "-o", folder.file(name)] + options)
        #expect(outcome.ending == .exit(0))
        return folder.file(name)
    }

    @Test func compareListsTheWorstFirst() throws {
        let file = try convert("--type", "q4-small", "--tensor-type", "*.up_proj.weight=q8", to: "model.rgq")
        let outcome = try Command.rgQuant.run("compare", source, file, "-q")
        #expect(outcome.ending == .exit(0) && outcome.errors == "")
        #expect(outcome.lines.count == 65)
        #expect(outcome.lines[0].hasPrefix("tensor ") && outcome.lines[0].hasSuffix("signal to noise"))
        #expect(outcome.lines.last == "\(file): 63 tensors differ, 91 are exact")
        let rows = outcome.lines[1..<64].map { $0.split(separator: " ") }
        let errors = rows.compactMap { Double($0[2]) }
        #expect(errors.count == 63 && errors == errors.sorted(by: >))
        #expect(rows.first?[1] == "q4" && rows.last?[1] == "q8")
        // 20 · log10 of the relative error.
        let noise = try #require(Double(rows[0][5]))
        #expect(abs(noise + 20 * log10(errors[0])) < 0.1)
    }

    @Test func anExactFileSaysSo() throws {
        let file = try convert("--type", "f32", to: "model.rgq")
        let outcome = try Command.rgQuant.run("compare", source, file, "-q")
        #expect(outcome.text == "\(file): 0 tensors differ, 154 are exact\n")
    }

    @Test func whatIsNoNumberComesFirst() throws {
        let path = try convert("--type", "q4-small", to: "model.rgq"), page = folder.file("page.html")
        let tensor = try #require(ModelFile(path: path).tensor(named: "model.final_norm.weight"))
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        try handle.seek(toOffset: UInt64(tensor.offset))
        // A float that is not a number.
        try handle.write(contentsOf: [0, 0, 0xC0, 0x7F])
        try handle.close()
        let outcome = try Command.rgQuant.run("compare", source, path, "-q", "--html", page)
        #expect(outcome.ending == .exit(0))
        #expect(outcome.lines[1].split(separator: " ").prefix(3) == ["model.final_norm.weight", "f32", "nan"])
        #expect(outcome.lines.last == "\(path): 64 tensors differ, 90 are exact")
        let darkRed = "hsl(10 75% 38%); color: #fff\" title=\"model.final_norm.weight,"
        #expect(try String(contentsOfFile: page, encoding: .utf8).contains(darkRed))
    }

    @Test func aPageReplacesNothingThatIsCompared() throws {
        let file = try convert("--type", "q8", to: "model.rgq")
        let outcome = try Command.rgQuant.run("compare", source, file, "-q", "--html", file)
        #expect(outcome.ending == .exit(1))
        #expect(outcome.errors == "rg-quant: \(file): is one of the files that are read; give another name for the output\n")
        #expect(try Command.rgQuant.run("verify", "-q", file).ending == .exit(0))
    }

    @Test func aPageReplacesPagesAlone() throws {
        let file = try convert("--type", "q8", to: "model.rgq"), page = folder.file("page.html")
        let cases: [(String, Int32)] = [
            ("notes", 1), ("", 0), ("\n<!doctype HTML><p>", 0), ("<html>", 0), ("<!DOCTYPE html>", 0),
        ]
        for (text, status) in cases {
            try folder.write(Array(text.utf8), to: "page.html")
            let outcome = try Command.rgQuant.run("compare", source, file, "-q", "--html", page)
            #expect(outcome.ending == .exit(status))
            #expect(outcome.errors.contains("is not a web page, and so is not replaced") == (status == 1))
            #expect((FileManager.default.contents(atPath: page) == Data(text.utf8)) == (status == 1))
        }
    }

    @Test func aPageThatCanNotBeWrittenIsNoticedBeforeTheWork() throws {
        let file = try convert("--type", "q8", to: "model.rgq"), page = folder.file("none/page.html")
        // With progress, which would add lines.
        let outcome = try Command.rgQuant.run("compare", source, file, "--html", page)
        #expect(outcome.ending == .exit(1) && outcome.text == "")
        #expect(outcome.errors == "rg-quant: \(page): its folder \(folder.file("none")) doesn't exist; make the folder first\n")
    }

    @Test func theHeatMapNeedsNoNetwork() throws {
        let file = try convert("--type", "q4-small", to: "a & b.rgq"), page = folder.file("page.html")
        #expect(try Command.rgQuant.run("compare", source, file, "-q", "--html", page).ending == .exit(0))
        let text = try String(contentsOfFile: page, encoding: .utf8)
        #expect(text.hasPrefix("<!DOCTYPE html>"))
        for word in ["http:", "https:", "src=", "<script", "a & b"] { #expect(!text.contains(word)) }
        // A cell for each matrix, and one for each kind that a layer lacks.
        #expect(text.components(separatedBy: "title=\"model.").count == 1 + 63)
        #expect(text.contains("model.layers.3.temporal_block.linear_out.weight, q4: relative error 0.0"))
        #expect(text.components(separatedBy: "<tr>").count == 1 + 1 + 8 + 1)
    }

    @Test func statisticsGoFromCalibrateToConvert() throws {
        let file = try convert("--type", "f16", to: "f16.rgq")
        let text = try folder.write(Array("some words and more".utf8), to: "text")
        let statistics = folder.file("stats")
        let calibrated = try Command.rgQuant.run("calibrate", file, text, "-o", statistics, "-q", "-t", "1")
        #expect(calibrated.ending == .exit(0) && calibrated.text == "")
        #expect(calibrated.errors.hasPrefix("rg-quant: warning: \(text): has "))
        #expect(calibrated.errors.hasSuffix(" tokens; statistics of fewer than 1000 may do more harm than good\n"))
        let weighted = try convert("--importance", statistics, to: "weighted.rgq")
        #expect(try Command.rgQuant.run("verify", "-q", weighted).ending == .exit(0))
        let plain = try convert(to: "plain.rgq")
        #expect(FileManager.default.contents(atPath: weighted) != FileManager.default.contents(atPath: plain))
        let other = try Command.rgQuant.run(
            "convert", Fixtures.oracle("beta"), "-q", "-o", folder.file("x"), "--importance", statistics)
        #expect(other.ending == .exit(1))
        #expect(other.errors.hasPrefix("rg-quant: \(statistics): has statistics of 128 inputs of model.layers.0.temporal_block."))
        let coarse = try Command.rgQuant.run("calibrate", plain, text, "-o", statistics, "-q")
        #expect(coarse.errors.contains("warning: \(plain): has int8 or int4 weights; take an f16 or f32 file of the same model\n"))
        let empty = try folder.write([], to: "empty")
        let wordless = try Command.rgQuant.run("calibrate", file, empty, "-o", statistics)
        #expect(wordless.errors == "rg-quant: \(empty): has no words; give some\n")
        for input in [file, text] {
            let outcome = try Command.rgQuant.run("calibrate", file, text, "-o", input, "-q")
            let sentence = "rg-quant: \(input): is one of the files that are read; give another name for the output\n"
            #expect(outcome.errors.hasSuffix(sentence))
        }
        let missing = try Command.rgQuant.run("calibrate", file, folder.file("none"), "-o", statistics)
        #expect(missing.errors == "rg-quant: \(folder.file("none")): opening failed (No such file or directory); check the path\n")
    }

    @Test func anExportComparesAsExact() throws {
        let file = try convert("--type", "q4", to: "model.rgq"), export = folder.file("export")
        let outcome = try Command.rgQuant.run("export", file, export, "-q")
        #expect(outcome.ending == .exit(0) && outcome.errors == "" && outcome.text == "")
        #expect(try Command.rgQuant.run("compare", export, file, "-q").text == "\(file): 0 tensors differ, 154 are exact\n")
        let again = try Command.rgQuant.run("export", file, export, "-q", "--type", "bf16")
        #expect(again.errors == "rg-quant: \(export): is not empty; give the name of a new folder\n")
        let configuration = try JSONValue(parsing: [UInt8](try Data(contentsOf: URL(fileURLWithPath: export + "/config.json"))))
        #expect(configuration["architectures"] == ["RecurrentGemmaForCausalLM"])
        #expect(configuration["intermediate_size"] == 768)
    }
}
