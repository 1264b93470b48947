import Griffin
import JSON
import System
import Testing

@testable import RGEdge

@Suite("Sampling that a model's file asks for")
struct PublishedSamplingTests {
    private func sampling(_ json: String) throws -> Sampling? {
        try PublishedSampling(parsing: Array(json.utf8), path: "m.rgq").map { Sampling($0) }
    }

    @Test("Numbers that are left out are transformers'; who gives some wants them used")
    func reading() throws {
        #expect(try sampling("{}") == nil)
        #expect(try sampling(#"{"unknown": 1, "top_k": null}"#) == nil)
        #expect(try sampling(#"{"do_sample": true}"#) == Sampling(temperature: 1, topK: 50))
        #expect(try sampling(#"{"temperature": 0.5, "top_k": 0, "top_p": 0.9}"#) == Sampling(temperature: 0.5, topP: 0.9))
        #expect(try sampling(#"{"do_sample": false, "temperature": 0.5}"#) == Sampling())
        #expect(try sampling(#"{"temperature": 0.5, "top_k": -1}"#) == Sampling(temperature: 0.5))
    }

    @Test("It is written as it is read")
    func writing() throws {
        let json = #"{"do_sample":true,"temperature":0.7,"top_k":64,"top_p":0.95}"#
        let published = try #require(try PublishedSampling(parsing: Array(json.utf8), path: "m.rgq"))
        #expect(String(decoding: published.json.serialized(), as: UTF8.self) == json)
    }

    @Test("What makes no sense names the file", arguments: ["[]", "x", #"{"top_p": 2}"#, #"{"top_k": -2}"#])
    func mistakes(json: String) {
        #expect { try sampling(json) } throws: { ($0 as? FileProblem)?.path == "m.rgq" }
    }
}
