import Glibc
import HTTPServer

/// Who may ask for what: by key, by the name under which the server was reached, and by the page that asks.
struct Access: Sendable {
    var keys = AccessKeys()
    /// Names of hosts that are this server's, besides numbers and its own.
    var hosts: Set<String> = []
    /// Origins of pages elsewhere that may ask; `*` for all.
    var origins: Set<String> = []

    /// What may be asked for without a key.
    private static let open: Set<String> = ["/", "/health", "/v1/health", "/openapi.json", "/favicon.ico"]

    /// Who asks. Throws for who may not.
    func owner(_ head: HTTPHead) throws(APIError) -> Owner {
        try checkHost(head)
        try checkOrigin(head)
        guard !keys.isEmpty, !Self.open.contains(head.path), head.method != "OPTIONS" else { return .everybody }
        let scheme = "bearer "
        guard let value = head.fields["Authorization"], value.utf8.count > scheme.utf8.count,
            value.prefix(scheme.count).lowercased() == scheme
        else {
            throw APIError(
                status: 401, "no API key was given; send the header \"Authorization: Bearer KEY\"", type: "authentication_error",
                code: "missing_api_key")
        }
        guard let owner = keys.owner(of: String(value.dropFirst(scheme.count))) else {
            throw APIError(
                status: 401, "the API key is not one of this server's", type: "authentication_error", code: "invalid_api_key")
        }
        return owner
    }

    /// The fields that let a page elsewhere read the answer.
    func fields(for head: HTTPHead) -> HTTPFields {
        guard !origins.isEmpty else { return [:] }
        guard let origin = head.fields["Origin"], allows(origin) else { return ["Vary": "Origin"] }
        return [
            "Access-Control-Allow-Origin": origin,
            "Access-Control-Expose-Headers": "X-Session-Id, X-Board, X-Request-Id, Retry-After",
            "Vary": "Origin",
        ]
    }

    /// A name that some page made to point here must not open the server to that page (DNS rebinding). Numbers can't be made to point
    /// elsewhere.
    private func checkHost(_ head: HTTPHead) throws(APIError) {
        guard let host = head.fields["Host"], !host.isEmpty else { return }
        let name = Self.name(ofHost: host.lowercased())
        let isKnown =
            Self.isNumber(name) || name == "localhost" || name.hasSuffix(".localhost") || hosts.contains(name)
            || Self.ownNames.contains(name) || !head.isLocal && Self.namesInNetworks.contains(name)
        guard isKnown else {
            throw APIError(
                status: 403, "this server doesn't answer under that name; start it with --allow-host and the name",
                type: "permission_error", code: "host_not_allowed")
        }
    }

    private func checkOrigin(_ head: HTTPHead) throws(APIError) {
        if let origin = head.fields["Origin"] {
            if allows(origin) || isOwn(origin, head) { return }
        } else {
            guard isBlind(head) else { return }
        }
        throw APIError(
            status: 403, "pages from another origin may not ask; start the server with --allow-origin and the origin",
            type: "permission_error", code: "origin_not_allowed")
    }

    /// True for the server's own page.
    private func isOwn(_ origin: String, _ head: HTTPHead) -> Bool {
        guard let host = head.fields["Host"]?.lowercased() else { return false }
        let origin = origin.lowercased()
        return origin == "http://" + host || origin == "https://" + host
    }

    /// True if the request may be that of a page elsewhere, made by a browser that doesn't say so in Origin. Older ones don't for
    /// forms. Their page couldn't read the answer, but it could have one computed after the other.
    ///
    /// What a page elsewhere can send without asking before (a preflight, which always has an Origin) has no key, and no type or one
    /// of a form's. `curl -d` sends the latter too, and people paste such commands; so only who looks like a browser is refused. A
    /// page may leave out Referer, but can't change User-Agent where it sends blindly, in which all browsers begin alike.
    private func isBlind(_ head: HTTPHead) -> Bool {
        guard head.method != "GET", head.method != "OPTIONS" else { return false }
        let site = head.fields["Sec-Fetch-Site"]
        if site == "cross-site" || site == "same-site" { return true }
        guard head.fields["Authorization"] == nil, Self.isFormType(head.fields["Content-Type"]) else { return false }
        return head.fields["Referer"] != nil || head.fields["User-Agent"]?.hasPrefix("Mozilla/") ?? false
            || head.fields.fields.contains { $0.name.lowercased().hasPrefix("sec-fetch-") }
    }

    /// True for the types that a page may send anywhere (https://fetch.spec.whatwg.org/#cors-safelisted-request-header), and none.
    private static func isFormType(_ value: String?) -> Bool {
        let type = (value ?? "").prefix { $0 != ";" && $0 != "," && $0 != " " }.lowercased()
        return ["", "text/plain", "multipart/form-data", "application/x-www-form-urlencoded"].contains(type)
    }

    private func allows(_ origin: String) -> Bool { origins.contains("*") || origins.contains(origin.lowercased()) }

    /// This machine's name, in full and without its domain; none if it has none.
    private static let names: (full: String, short: String)? = {
        var buffer = [CChar](repeating: 0, count: 256)
        guard gethostname(&buffer, buffer.count - 1) == 0 else { return nil }
        let full = String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self).lowercased()
        let short = String(full.prefix { $0 != "." })
        return short.isEmpty ? nil : (full, short)
    }()

    private static let ownNames: Set<String> = names.map { [$0.full, $0.short] } ?? []

    /// As mDNS and routers extend it. Whoever runs the network that this machine is in may have them lead to 127.0.0.1, once a page
    /// of his was loaded under them: from there they are strangers' names.
    private static let namesInNetworks: Set<String> =
        names.map { names in Set(["local", "lan", "home", "internal"].map { "\(names.short).\($0)" }) } ?? []

    private static func name(ofHost host: String) -> String {
        if host.hasPrefix("[") { return String(host.dropFirst().prefix { $0 != "]" }) }
        return String(host.prefix { $0 != ":" })
    }

    private static func isNumber(_ name: String) -> Bool {
        if name.utf8.contains(UInt8(ascii: ":")) { return true }
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        // Digits alone: "+4" is a number to Swift, and a name to a resolver.
        return parts.count == 4
            && parts.allSatisfy { part in
                (1...3).contains(part.utf8.count) && part.utf8.allSatisfy { (0x30...0x39).contains($0) } && UInt8(part) != nil
            }
    }
}
