import Glibc
import JSON
import Testing

/// Asks a server on this machine, one request a connection.
struct LoopbackClient {
    let port: Int

    /// An answer, its chunks put together.
    struct Answer {
        var status = 0
        var head = ""
        var body = ""
        /// False for chunks without a last one.
        var isWhole = true

        var json: JSONValue { (try? JSONValue(parsing: Array(body.utf8))) ?? .null }
        /// The data of server-sent events.
        var events: [String] {
            body.split(separator: "\n").filter { $0.hasPrefix("data: ") }.map { String($0.dropFirst("data: ".count)) }
        }
        /// The values of those that are JSON.
        var values: [JSONValue] { events.compactMap { try? JSONValue(parsing: Array($0.utf8)) } }
    }

    func get(_ path: String, _ fields: String = "") throws -> Answer { try ask("GET \(path) HTTP/1.1\r\n", fields, "") }

    func post(_ path: String, _ body: JSONValue, _ fields: String = "") throws -> Answer {
        try ask("POST \(path) HTTP/1.1\r\n", fields, String(decoding: body.serialized(), as: UTF8.self))
    }

    private func ask(_ line: String, _ fields: String, _ body: String) throws -> Answer {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try #require(connected == 0)
        let request =
            line + "Host: 127.0.0.1:\(port)\r\nConnection: close\r\n\(fields)Content-Length: \(body.utf8.count)\r\n\r\n" + body
        let bytes = Array(request.utf8)
        try #require(send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count)
        var received: [UInt8] = [], buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count <= 0 { break }
            received += buffer[..<count]
        }
        return try Self.answer(received)
    }

    private static func answer(_ bytes: [UInt8]) throws -> Answer {
        let text = String(decoding: bytes, as: UTF8.self)
        let end = try #require(text.firstRange(of: "\r\n\r\n"))
        var answer = Answer()
        answer.head = String(text[..<end.lowerBound])
        answer.status = try #require(answer.head.split(separator: " ").dropFirst().first.flatMap { Int($0) })
        var rest = Array(text[end.upperBound...].utf8)[...]
        guard answer.head.lowercased().contains("transfer-encoding: chunked") else {
            answer.body = String(decoding: rest, as: UTF8.self)
            return answer
        }
        var body: [UInt8] = []
        answer.isWhole = false
        while let line = rest.firstIndex(of: UInt8(ascii: "\r")) {
            guard let count = Int(String(decoding: rest[..<line], as: UTF8.self), radix: 16) else { break }
            if count == 0 {
                answer.isWhole = true
                break
            }
            body += rest[(line + 2)...].prefix(count)
            rest = rest[(line + 2)...].dropFirst(count + 2)
        }
        answer.body = String(decoding: body, as: UTF8.self)
        return answer
    }
}
