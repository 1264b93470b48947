import TestSupport
import Testing

@Suite("rg-edge serve")
struct RGEdgeServeTests {
    private let serve = Command.rgEdge

    @Test("It starts the server beside it, with all options")
    func starts() throws {
        let help = try serve.run("serve", "--help")
        #expect(help.ending == .exit(0) && help.text.contains("rg-edge-serve") && help.text.contains("--session-memory"))
        let version = try serve.run("serve", "--version")
        #expect(version.text == (try serve.run("--version")).text)
    }

    @Test(
        "What can't be done is a line and a status",
        arguments: [
            (["serve"], 64, "No model file"), (["serve", "-m", "/nowhere"], 1, "/nowhere: no such file"),
            (["serve", "-m", "/nowhere", "--listen", "example"], 1, "example: no port"),
            (["serve", "-m", "/nowhere", "--parallel", "0"], 64, "--parallel must be 1 to 64, not 0"),
            (["serve", "-m", "/nowhere", "--api-key-file", "/nowhere"], 1, "/nowhere: opening failed"),
        ] as [([String], Int32, String)])
    func mistakes(_ arguments: [String], status: Int32, says text: String) throws {
        let outcome = try serve.run(arguments)
        #expect(outcome.ending == .exit(status) && outcome.output.isEmpty)
        #expect(outcome.errors.hasPrefix("rg-edge-serve: \(text)"), "\(outcome.errors)")
        #expect(outcome.errors.count { $0 == "\n" } == 1)
    }
}
