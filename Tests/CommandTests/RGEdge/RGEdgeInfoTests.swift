import Foundation
import JSON
import TestSupport
import Testing

@Suite struct RGEdgeInfoTests {
    @Test func shapeTypesAndSizesAreShown() throws {
        let model = try ConvertedModel.englishInQ4()
        let outcome = try Command.rgEdge.run("info", model)
        #expect(outcome.ending == .exit(0))
        for part in [model, "8", "192", "3 heads of 64", "window 128", "2048", "base", "q4", "f32", "4.5", "MB"] {
            #expect(outcome.text.contains(part))
        }
    }

    @Test func jsonHasTheSameForPrograms() throws {
        let model = try ConvertedModel.englishInQ4()
        let info = try JSONValue(parsing: try Command.rgEdge.run("info", "--json", model).output)
        #expect(info["configuration"]?["width"] == 192)
        #expect(info["chat_template"] == .null)
        let size = try FileManager.default.attributesOfItem(atPath: model)[.size] as? Int
        #expect(info["mapped_bytes"]?.intValue == size)
        let types = try #require(info["types"]?.arrayValue)
        #expect(types.map { $0["type"] } == ["q4", "f32"])
        let weights = types.compactMap { $0["weights"]?.intValue }.reduce(0, +)
        #expect(weights == info["parameters"]?.intValue)
        #expect(try #require(types.first?["bits_per_weight"]?.doubleValue) >= 4.5)
        #expect(try #require(info["session_bytes"]?.intValue) > 0)

        let outcome = try Command.rgEdge.run("info", "--json", environment: ["RG_EDGE_MODEL": try ConvertedModel.chat()])
        let chat = try JSONValue(parsing: outcome.output)
        #expect(chat["chat_template"]?.stringValue?.contains("<start_of_turn>user\n{text}") == true)
    }

    @Test func whatStaysInMemoryAndWhatATokenReadsIsShown() throws {
        let model = try ConvertedModel.englishInQ4()
        #expect(try Command.rgEdge.run("info", model).text.contains("all weights"))
        #expect(try Command.rgEdge.run("info", model, "--resident", "1M").text.contains("each token reads"))
        let info = try JSONValue(parsing: try Command.rgEdge.run("info", "--json", model, "--resident", "1M").output)
        let resident = try #require(info["resident_bytes"]?.intValue), streamed = try #require(info["streamed_bytes"]?.intValue)
        #expect(resident <= 1_000_000 && streamed > 1_000_000)
        #expect(try #require(info["needed_bytes"]?.intValue) > resident + (info["shared_bytes"]?.intValue ?? 0))
        // The same text, whatever stays.
        for size in ["0M", "1M", "all", "mapped"] {
            let outcome = try Command.rgEdge.run(
                "prompt", "-m", try ConvertedModel.english(), "-n", "4", "--resident", size, "In the beginning")
            #expect(outcome.text == " of the cra", "--resident \(size)")
        }
    }

    @Test func whatManySessionsTakeIsShown() throws {
        let model = try ConvertedModel.englishInQ4()
        #expect(try Command.rgEdge.run("info", model, "--sessions", "32").text.contains("32 sessions"))
        let info = try JSONValue(parsing: try Command.rgEdge.run("info", "--json", model, "--sessions", "32").output)
        let parts = ["mapped_bytes", "shared_bytes", "session_bytes"].compactMap { info[$0]?.intValue }
        #expect(info["sessions_bytes"]?.intValue == parts[0] + parts[1] + 32 * parts[2])
        #expect(try JSONValue(parsing: try Command.rgEdge.run("info", "--json", model).output)["sessions_bytes"] == .null)
        for count in ["0", "1000001"] {
            #expect(try Command.rgEdge.run("info", model, "--sessions", count).ending == .exit(64))
        }
    }

    @Test func everyKernelSetThatRunsHereCanBeForced() throws {
        let cpu = try JSONValue(parsing: try Command.rgEdge.run("info", "--cpu", "--json").output)
        let available = try #require(cpu["available"]?.arrayValue?.compactMap { $0.stringValue })
        let compiled = try #require(cpu["compiled"]?.arrayValue?.compactMap { $0.stringValue })
        #expect(available.first == "scalar")
        #expect(cpu["chosen"]?.stringValue == available.last)
        #expect(Set(available).isSubset(of: compiled))
        let table = try Command.rgEdge.run("info", "--cpu").text
        for name in compiled { #expect(table.contains(name)) }

        for name in available {
            let outcome = try Command.rgEdge.run(
                "prompt", "-m", try ConvertedModel.english(), "-n", "4", "--kernels", name, "--timings", "In the beginning")
            #expect(outcome.text == " of the cra")
            #expect(outcome.errors.contains(name))
        }
    }
}
