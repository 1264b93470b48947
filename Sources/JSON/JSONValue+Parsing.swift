import CJansson
import Glibc
import System

extension JSONValue {
    /// The most levels of arrays and objects in each other that a text may have.
    public static let depthLimit = 256
    /// The most bytes that jansson takes per byte of text, rounded up.
    private static let bytesPerByte = 128

    /// Reads a JSON text in UTF-8; any value may stand at the top.
    ///
    /// Stricter than RFC 8259 where readers disagree: throws for a key that an object has twice, for U+0000 in a string, for
    /// numbers beyond a double, and for more than ``depthLimit`` levels. In a text with a whole number beyond 64 bits (Hugging
    /// Face's `tokenizer_config.json` has 10^30) all numbers are reals, the nearest ones.
    public static func parse(_ bytes: UnsafeRawBufferPointer) throws(JSONError) -> JSONValue {
        guard let start = bytes.baseAddress, !bytes.isEmpty else {
            throw JSONError(line: 0, column: 0, message: "the text is empty")
        }
        // jansson passes over one that follows a number or a word. JSON has none anywhere.
        guard memchr(start, 0, bytes.count) == nil else {
            throw JSONError(line: 0, column: 0, message: "the text has a byte that is 0")
        }
        // Where a string can't grow, jansson leaves out a byte, even the quotation mark that ends it, and then reads and writes
        // beyond its end.
        guard SystemMemory.has(bytesPerByte * bytes.count) else { throw .noMemory }
        var error = json_error_t()
        errno = 0
        func load(_ options: Int32) -> UnsafeMutablePointer<json_t>? {
            let options = JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | options
            return json_loadb(start.assumingMemoryBound(to: CChar.self), bytes.count, Int(options), &error)
        }
        var loaded = load(0)
        if loaded == nil, json_error_code(&error) == json_error_numeric_overflow { loaded = load(JSON_DECODE_INT_AS_REAL) }
        defer { loaded.map { json_decref($0) } }
        // Where malloc(3) refuses all the same, jansson finds fault with the text, if not worse.
        let isMemory = json_error_code(&error) == json_error_out_of_memory || errno == ENOMEM
        guard !isMemory else { throw .noMemory }
        guard let root = loaded else { throw JSONError(error) }
        return try JSONValue(root, level: 0)
    }

    /// The same for an array of bytes.
    public init(parsing bytes: [UInt8]) throws(JSONError) {
        self = try bytes.withUnsafeBytes { buffer in
            Result { () throws(JSONError) in try JSONValue.parse(buffer) }
        }.get()
    }

    private init(_ node: UnsafeMutablePointer<json_t>, level: Int) throws(JSONError) {
        switch node.pointee.type {
        case JSON_OBJECT: self = .object(JSONObject(try JSONValue.members(of: node, level: level + 1)))
        case JSON_ARRAY: self = .array(try JSONValue.elements(of: node, level: level + 1))
        case JSON_STRING: self = .string(JSONValue.text(json_string_value(node), json_string_length(node)))
        case JSON_INTEGER: self = .integer(Int64(json_integer_value(node)))
        case JSON_REAL: self = .real(json_real_value(node))
        case JSON_TRUE: self = .bool(true)
        case JSON_FALSE: self = .bool(false)
        default: self = .null
        }
    }

    private static func checkDepth(_ level: Int) throws(JSONError) {
        guard level <= depthLimit else {
            throw JSONError(line: 0, column: 0, message: "more than \(depthLimit) levels of arrays and objects")
        }
    }

    private static func members(of node: UnsafeMutablePointer<json_t>, level: Int) throws(JSONError) -> [JSONObject.Member] {
        try checkDepth(level)
        var members: [JSONObject.Member] = []
        members.reserveCapacity(json_object_size(node))
        var iterator = json_object_iter(node)
        while let member = iterator {
            guard let value = json_object_iter_value(member) else { break }
            let key = text(json_object_iter_key(member), json_object_iter_key_len(member))
            members.append(JSONObject.Member(key: key, value: try JSONValue(value, level: level)))
            iterator = json_object_iter_next(node, member)
        }
        return members
    }

    private static func elements(of node: UnsafeMutablePointer<json_t>, level: Int) throws(JSONError) -> [JSONValue] {
        try checkDepth(level)
        var elements: [JSONValue] = []
        elements.reserveCapacity(json_array_size(node))
        for index in 0..<json_array_size(node) {
            guard let element = json_array_get(node, index) else { break }
            elements.append(try JSONValue(element, level: level))
        }
        return elements
    }

    /// jansson has checked that it is UTF-8.
    private static func text(_ start: UnsafePointer<CChar>?, _ count: Int) -> String {
        String(decoding: UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : count), as: UTF8.self)
    }
}

extension JSONError {
    /// What jansson says; the part of the text that it quotes may hold anything.
    fileprivate init(_ error: json_error_t) {
        let message = withUnsafeBytes(of: error.text) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        self.init(line: max(0, Int(error.line)), column: max(0, Int(error.column)), message: message.onOneLine)
    }
}
