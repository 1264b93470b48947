/// A reference of RFC 3986, taken apart as its section 5.2 needs it: only what `$id` and `$ref` ask for.
struct URIReference: Hashable, Sendable {
    var scheme: String?
    var authority: String?
    var path: String
    var query: String?
    var fragment: String?

    init(_ text: String) {
        var rest = Substring(text)
        fragment = Self.cut(&rest, at: "#")
        query = Self.cut(&rest, at: "?")
        if let colon = rest.unicodeScalars.firstIndex(of: ":"), rest.first?.isLetter == true,
            !rest[..<colon].unicodeScalars.contains("/")
        {
            scheme = String(rest[..<colon])
            rest = rest[rest.unicodeScalars.index(after: colon)...]
        }
        if rest.hasPrefix("//") {
            rest = rest.dropFirst(2)
            let end = rest.unicodeScalars.firstIndex(of: "/") ?? rest.endIndex
            authority = String(rest[..<end])
            rest = rest[end...]
        }
        path = String(rest)
    }

    /// Takes what follows a mark off the end.
    private static func cut(_ text: inout Substring, at mark: Unicode.Scalar) -> String? {
        guard let place = text.unicodeScalars.firstIndex(of: mark) else { return nil }
        let end = String(text[text.unicodeScalars.index(after: place)...])
        text = text[..<place]
        return end
    }

    /// What it means where `base` holds.
    func resolved(against base: URIReference) -> URIReference {
        var result = self
        if scheme != nil || (authority != nil && base.scheme == nil) { return result.normalized }
        result.scheme = base.scheme
        if authority != nil { return result.normalized }
        result.authority = base.authority
        if path.isEmpty {
            result.path = base.path
            result.query = query ?? base.query
        } else if !path.hasPrefix("/") {
            let folder = base.path.lastIndex(of: "/").map { base.path[...$0] } ?? (base.authority == nil ? "" : "/")
            result.path = folder + path
        }
        return result.normalized
    }

    /// Without `.` and `..`.
    private var normalized: URIReference {
        guard path.hasPrefix("/") else { return self }
        var segments: [Substring] = []
        let all = path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        for (index, segment) in all.enumerated() {
            let isLast = index == all.count - 1
            if segment == ".." { _ = segments.popLast() }
            if segment != ".", segment != ".." { segments.append(segment) } else if isLast { segments.append("") }
        }
        var result = self
        result.path = "/" + segments.joined(separator: "/")
        return result
    }

    var withoutFragment: URIReference {
        var result = self
        result.fragment = nil
        return result
    }
}
