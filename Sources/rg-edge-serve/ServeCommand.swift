import ArgumentParser
import CLinux
import CommandSupport
import Glibc
import HTTPServer
import ModelArguments
import RGEdge
import Serving
import System
import Version

/// `rg-edge-serve`: answers whoever speaks OpenAI's HTTP, with a model that `rg-quant` has made.
@main
struct ServeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rg-edge-serve",
        abstract: "Answers over HTTP, in OpenAI's format, with a model that rg-quant has made.",
        discussion: """
            Open the address in a browser to chat, or give it to a program as the base URL of an OpenAI server: \
            http://127.0.0.1:8080/v1. /openapi.json lists all endpoints. Ctrl-C or SIGTERM ends it within two seconds; sessions are \
            saved before, if there is a folder for them.

            Examples:
              rg-edge serve
              rg-edge serve --listen 127.0.0.1:8181 --sessions talks --parallel 2
            """,
        version: projectVersion)

    static func main() { execute() }

    @OptionGroup(title: "Which model") var file: ModelFileArgument

    @OptionGroup(title: "Where to listen, and for whom") var network: NetworkArguments
    @OptionGroup(title: "How much at once") var capacity: CapacityArguments
    @OptionGroup(title: "How to compute") var compute: ComputeArguments

    func run() throws {
        let path = try file.path()
        var options = ServerOptions(name: network.name ?? Self.name(ofFile: path))
        capacity.apply(to: &options)
        try network.apply(to: &options, needsNames: options.sessionFolder != nil)
        let addresses = try network.addresses(options)
        // Keys, and what their owners talk about, are nobody's who looks at what is left of a crash.
        if !options.keys.isEmpty { clinux_keep_memory_private() }
        Interruption.watch()
        Self.allowManyFiles()

        let manager = ServiceManager()
        let model = try compute.open(path, latency: capacity.latency.map { .milliseconds($0) })
        let signals = HeldSignals()
        let server = try Server(model, options: options) { Diagnostics.note($0) }
        let places = try server.start(on: addresses)
        for place in places { Diagnostics.note("Listening on \(place)") }
        Diagnostics.note(MemoryPlan(model, options).text)
        manager.notify("READY=1")
        manager.wait(for: signals, watching: server)
        signals.release()
        manager.notify("STOPPING=1")
        let failure = server.failure
        server.drain()
        // For whoever starts it again.
        if let failure { throw HTTPServerError(failure) }
    }

    /// Has the system allow as many open files, and so connections, as it would on request.
    private static func allowManyFiles() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = min(limit.rlim_max, 65_536)
        _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }

    /// The name of a file without its folder and `.rgq`.
    private static func name(ofFile path: String) -> String {
        let name = path.split(separator: "/").last.map(String.init) ?? path
        return name.hasSuffix(".rgq") && name.utf8.count > 4 ? String(name.dropLast(4)) : name
    }
}
