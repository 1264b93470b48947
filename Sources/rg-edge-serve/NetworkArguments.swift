import ArgumentParser
import CommandSupport
import Files
import Glibc
import HTTPServer
import Serving

/// Where to listen, and for whom.
struct NetworkArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            """
            Address to listen on: HOST:PORT, or unix:PATH; may be given more than once. Sockets that systemd passes go before it. \
            (default: 127.0.0.1:8080)
            """, valueName: "address"))
    var listen: [String] = []

    @Option(
        help: ArgumentHelp(
            """
            File with the keys that let clients in, one per line, as NAME:KEY; or as KEY, where there is no folder of sessions. The \
            systemd credential "api-keys" stands in for it. (default: everybody may ask)
            """, valueName: "file"), completion: .file())
    var apiKeyFile: String?

    @Flag(help: "Let everybody ask, although other machines reach the server.")
    var withoutKeys = false

    @Option(
        help: ArgumentHelp(
            "Name under which clients reach the server, besides numbers and this machine's name; may be given more than once.",
            valueName: "name"))
    var allowHost: [String] = []

    @Option(
        help: ArgumentHelp(
            "Origin of pages elsewhere that may ask, such as https://chat.example.org, or * for all; may be given more than once.",
            valueName: "origin"))
    var allowOrigin: [String] = []

    @Option(help: ArgumentHelp("The model's name for clients. (default: the file's name)", valueName: "name"))
    var name: String?

    @Flag(help: "Refuse requests that name another model.")
    var strictModel = false

    @Option(help: ArgumentHelp("This machine's name, for the header X-Board of each answer.", valueName: "name"))
    var board: String?

    func validate() throws {
        for (option, values) in [("--name", name.map { [$0] } ?? []), ("--board", board.map { [$0] } ?? [])] {
            for value in values where value.isEmpty || !value.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) {
                throw ValidationError("\(option) must be visible ASCII characters, not '\(value)'")
            }
        }
    }

    /// Where to listen. Throws for what is no address, and for one that others reach without having to have a key: a file that isn't
    /// found, or an option that is forgotten, is not to open the server to everybody.
    func addresses(_ options: ServerOptions) throws -> [HTTPAddress] {
        let addresses = try addresses()
        guard options.keys.isEmpty, !withoutKeys, let open = try addresses.first(where: { try $0.isOpenToOthers() }) else {
            return addresses
        }
        throw ValidationError(
            "other machines reach \(open.name), and there are no keys; give --api-key-file, or --without-keys to let everybody ask")
    }

    private func addresses() throws -> [HTTPAddress] {
        let passed = ServiceManager.passedSockets.map(HTTPAddress.descriptor)
        if !passed.isEmpty, listen.isEmpty { return passed }
        let texts = listen.isEmpty ? ["127.0.0.1:8080"] : listen
        return passed + (try texts.map { try HTTPAddress(parsing: $0) })
    }

    /// With `needsNames`, keys without a name are errors.
    func apply(to options: inout ServerOptions, needsNames: Bool) throws {
        options.isStrict = strictModel
        options.board = board
        options.hosts = Set(allowHost.map { $0.lowercased() })
        options.origins = Set(allowOrigin.map { $0.lowercased() })
        guard let path = apiKeyFile ?? Self.credential else { return }
        guard !withoutKeys else { throw ValidationError("--without-keys, but there are keys, in \(path); leave one of them out") }
        options.keys = try AccessKeys(file: path, needsNames: needsNames)
        if AccessKeys.isOpenToAll(file: path) {
            Diagnostics.note("\(path): everybody on this machine can read the keys; chmod 600 helps")
        }
    }

    /// The path of the credential that systemd passes (systemd.exec(5), LoadCredential); nil if there is none.
    private static var credential: String? {
        guard let folder = getenv("CREDENTIALS_DIRECTORY").map({ String(cString: $0) }) else { return nil }
        let path = folder + "/api-keys"
        return access(path, F_OK) == 0 ? path : nil
    }
}

extension HTTPAddress {
    /// As messages have it.
    fileprivate var name: String {
        switch self {
        case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path): "unix:\(path)"
        case .descriptor: "the socket that was passed"
        }
    }
}
