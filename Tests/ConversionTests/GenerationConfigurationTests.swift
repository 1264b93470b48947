import Checkpoint
import Conversion
import Foundation
import TestSupport
import Testing

/// What `generation_config.json` says of sampling, and what becomes of it.
@Suite struct GenerationConfigurationTests {
    private func checkpoint(_ generation: String) throws -> EditableCheckpoint {
        var checkpoint = try EditableCheckpoint.small()
        checkpoint.files["generation_config.json"] = Array(generation.utf8)
        return checkpoint
    }

    @Test(arguments: [
        (
            #"{"do_sample": true, "temperature": 0.7, "top_k": 64, "top_p": 0.95, "max_length": 20}"#,
            #"{"do_sample":true,"temperature":0.7,"top_k":64,"top_p":0.95}"#
        ),
        (#"{"top_k": 64.0, "temperature": null}"#, #"{"top_k":64}"#),
        (#"{"bos_token_id": 2, "eos_token_id": [1, 107], "pad_token_id": 0}"#, nil), ("{}", nil),
    ])
    func whatItSaysOfSamplingIsStored(generation: String, stored: String?) throws {
        let model = try ConvertedModel(checkpoint(generation))
        #expect(model.file.metadata.sampling.map { String(decoding: $0, as: UTF8.self) } == stored)
        let folder = try TemporaryFolder()
        try Export(model: model.file.path, type: .f32).write(to: folder.file("out"))
        let exported = FileManager.default.contents(atPath: folder.file("out/generation_config.json"))
        #expect(exported.map { String(decoding: $0, as: UTF8.self) } == stored)
        if exported != nil { #expect(try Checkpoint(folder: folder.file("out")).generationConfiguration != nil) }
    }

    @Test(arguments: [
        ("[]", "is not a JSON object"), ("{", "is not valid JSON"),
        (#"{"do_sample": 1}"#, "do_sample is not true or false"),
        (#"{"temperature": -1}"#, "temperature is not a number of 0 or more"),
        (#"{"temperature": "hot"}"#, "temperature is not a number of 0 or more"),
        (#"{"temperature": 1e300}"#, "temperature is not a number of 0 or more"),
        (#"{"top_k": 1.5}"#, "top_k is not a whole number of 0 or more"),
        (#"{"top_p": 0}"#, "top_p is not a number above 0 and at most 1"),
    ])
    func whatMakesNoSenseIsAnError(generation: String, problem: String) throws {
        let folder = try checkpoint(generation).write()
        let error = try #require(try conversionError(folder, target: TemporaryFolder()))
        #expect(error.path == folder.file("generation_config.json"))
        #expect(error.problem.contains(problem), "\(error)")
    }

    @Test func aFolderWithoutItSaysNothing() throws {
        #expect(try ConvertedModel(EditableCheckpoint.small()).file.metadata.sampling == nil)
    }
}
