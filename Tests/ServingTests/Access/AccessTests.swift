import Files
import Glibc
import HTTPServer
import System
import TestSupport
import Testing

@testable import Serving

@Suite("Who may ask")
struct AccessTests {
    private func keys(_ text: String) throws -> AccessKeys { try AccessKeys(Array(text.utf8), path: "keys") }

    private func refusal(
        _ access: Access, _ fields: HTTPFields, path: String = "/v1/models", method: String = "POST", isLocal: Bool = true
    ) -> String? {
        do throws(APIError) {
            _ = try access.owner(HTTPHead(method: method, path: path, fields: fields, isLocal: isLocal))
            return nil
        } catch { return error.code }
    }

    @Test("Keys with and without names, comments, and what is no key")
    func files() throws {
        let first = "0123456789abcdef", second = "fedcba9876543210"
        let known = try keys("# ours\n\n anna:\(first) \r\n\(second)\n")
        #expect(known.count == 2)
        let owner = try #require(known.owner(of: first))
        #expect(known.owner(of: second) != owner && known.owner(of: "0123456789abcdeg") == nil && known.owner(of: "") == nil)
        #expect(known.owner(of: first + "x") == nil)
        // By its name, a key may be changed.
        #expect(try keys("anna:\(second)").owner(of: second) == owner)
        for wrong in ["", "# none", "short", "anna:\(first)\nberta:\(first)", "anna:\(first)\nanna:\(second)", "0123456789 abcdef"]
        {
            #expect { _ = try keys(wrong) } throws: { error in
                let text = String(describing: error)
                return !text.contains(first) && !text.contains("short\"")
            }
        }
    }

    @Test("Where sessions are kept as files, a key needs a name: the files' names have it, and else a word made of the key")
    func names() throws {
        let first = "0123456789abcdef"
        #expect(try AccessKeys(Array("anna:\(first)".utf8), path: "keys", needsNames: true).count == 1)
        for bare in [first, ":\(first)", "anna:\(first)\nfedcba9876543210"] {
            #expect { _ = try AccessKeys(Array(bare.utf8), path: "keys", needsNames: true) } throws: { error in
                let text = String(describing: error)
                return text.contains("NAME:KEY") && !text.contains(first)
            }
        }
    }

    @Test("A file of keys that is too long is refused, not cut; one that everybody may read is known")
    func longFiles() throws {
        let folder = try TemporaryFolder()
        let lines = (0..<20_000).map { "name\($0):" + String(repeating: "k", count: 50) + String($0 + 10_000_000) }
        let path = try folder.write(Array(lines.joined(separator: "\n").utf8), to: "long")
        #expect(throws: FileProblem.self) { try AccessKeys(file: path) }
        let short = try folder.write(Array("anna:0123456789abcdef".utf8), to: "short")
        chmod(short, 0o600)
        #expect(try AccessKeys(file: short).count == 1)
        #expect(!AccessKeys.isOpenToAll(file: short))
        chmod(short, 0o644)
        #expect(AccessKeys.isOpenToAll(file: short))
        #expect(!AccessKeys.isOpenToAll(file: folder.file("none")))
    }

    @Test("A key is asked for, except for what tells nothing")
    func authorization() throws {
        let access = Access(keys: try keys("0123456789abcdef"))
        #expect(refusal(access, [:]) == "missing_api_key")
        #expect(refusal(access, ["Authorization": "Basic 0123456789abcdef"]) == "missing_api_key")
        #expect(refusal(access, ["authorization": "Bearer 0123456789abcdee"]) == "invalid_api_key")
        #expect(refusal(access, ["authorization": "bearer 0123456789abcdef"]) == nil)
        #expect(refusal(access, [:], path: "/health") == nil && refusal(access, [:], path: "/") == nil)
        #expect(refusal(access, [:], path: "/metrics") == "missing_api_key")
    }

    @Test(
        "Names that a page could have made to point here are refused",
        arguments: [
            ("127.0.0.1:8080", nil), ("[::1]:8080", nil), ("localhost", nil), ("a.localhost:80", nil), ("192.168.1.5", nil),
            ("1.2.3.+4", "host_not_allowed"), ("1.2.3.0004", "host_not_allowed"), ("1.2.3.256", "host_not_allowed"),
            ("evil.example:8080", "host_not_allowed"), ("127.0.0.1.evil.example", "host_not_allowed"), ("Chat.Example", nil),
        ] as [(String, String?)])
    func hosts(_ host: String, code: String?) {
        #expect(refusal(Access(hosts: ["chat.example"]), ["Host": host]) == code)
    }

    @Test("Names that routers make of this machine's are known only from the network: a resolver may lead them to the loopback")
    func ownNames() throws {
        var buffer = [CChar](repeating: 0, count: 256)
        try #require(gethostname(&buffer, buffer.count - 1) == 0)
        let full = String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self).lowercased()
        let short = String(full.prefix { $0 != "." })
        try #require(!short.isEmpty)
        for name in [full, short] {
            #expect(refusal(Access(), ["Host": name]) == nil)
            #expect(refusal(Access(), ["Host": name], isLocal: false) == nil)
        }
        for suffix in ["local", "lan", "home", "internal"] where "\(short).\(suffix)" != full {
            #expect(refusal(Access(), ["Host": "\(short).\(suffix)"]) == "host_not_allowed")
            #expect(refusal(Access(), ["Host": "\(short).\(suffix):80"], isLocal: false) == nil)
            #expect(refusal(Access(hosts: ["\(short).\(suffix)"]), ["Host": "\(short).\(suffix)"]) == nil)
        }
    }

    private static let browser = "Mozilla/5.0 (X11; Linux x86_64; rv:60.0) Gecko/20100101 Firefox/60.0"

    @Test("Pages of browsers that send no Origin with a form")
    func forms() throws {
        let form = "application/x-www-form-urlencoded", json = "application/json; charset=utf-8"
        func code(_ fields: HTTPFields, method: String = "POST") -> String? { refusal(Access(), fields, method: method) }
        for site in ["cross-site", "same-site"] {
            #expect(code(["Sec-Fetch-Site": site]) == "origin_not_allowed")
            #expect(code(["Sec-Fetch-Site": site, "Content-Type": json]) == "origin_not_allowed")
            // Somebody follows a link to here.
            #expect(code(["Sec-Fetch-Site": site], method: "GET") == nil)
            let allowed = Access(origins: ["https://chat.example"])
            #expect(refusal(allowed, ["Sec-Fetch-Site": site, "Origin": "https://chat.example"]) == nil)
            #expect(refusal(allowed, ["Sec-Fetch-Site": site]) == "origin_not_allowed")
        }
        for type in [form, "text/plain;charset=UTF-8", "multipart/form-data; boundary=x", "Text/Plain", nil] {
            for trace in [("Referer", "http://evil.example/"), ("User-Agent", Self.browser), ("Sec-Fetch-Mode", "navigate")] {
                var fields = HTTPFields([trace])
                if let type { fields.append("Content-Type", type) }
                #expect(code(fields) == "origin_not_allowed", "\(fields)")
                #expect(code(fields, method: "GET") == nil)
                fields.append("Authorization", "Bearer any")
                #expect(code(fields) == nil)
            }
            // curl -d, and programs.
            #expect(code(["User-Agent": "curl/8.5.0", "Content-Type": type ?? ""]) == nil)
            #expect(code(["Content-Type": type ?? ""]) == nil)
        }
        for fields in [
            ["User-Agent": Self.browser, "Content-Type": json], ["Sec-Fetch-Site": "same-origin", "Content-Type": json],
        ] as [HTTPFields] {
            #expect(code(fields) == nil)
        }
    }

    @Test("Pages elsewhere may not ask, unless they are allowed to")
    func origins() {
        let host = "127.0.0.1:8080"
        #expect(refusal(Access(), ["Host": host, "Origin": "http://127.0.0.1:8080"]) == nil)
        for origin in ["http://evil.example", "null", "http://127.0.0.1:8081"] {
            #expect(refusal(Access(), ["Host": host, "Origin": origin]) == "origin_not_allowed")
        }
        let open = Access(origins: ["https://chat.example"])
        let head = HTTPHead(method: "POST", path: "/", fields: ["Host": host, "Origin": "https://chat.example"])
        #expect(refusal(open, ["Host": host, "Origin": "https://chat.example"]) == nil)
        #expect(open.fields(for: head)["Access-Control-Allow-Origin"] == "https://chat.example")
        #expect(Access().fields(for: head).fields.isEmpty)
        #expect(refusal(Access(origins: ["*"]), ["Host": host, "Origin": "null"]) == nil)
    }
}
