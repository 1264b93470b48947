/// Formats as regular expressions that match the whole string. Each allows what is usual, and nothing that the format forbids: no leap
/// seconds, no quoted names in mail addresses, labels of host names with two hyphens at most, no addresses in brackets in a URI.
enum SchemaFormats {
    /// Not 0000, which many a library doesn't read.
    private static let year = "([1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])"
    private static let byte = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
    /// Months with their days; 29 February in the years that have it.
    private static let date =
        "(\(year)-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))"
        + "|([0-9]{2}(0[48]|[2468][048]|[13579][26])|(0[48]|[2468][048]|[13579][26])00)-02-29)"
    private static let time = "([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,9})?([zZ]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])"
    /// Without two hyphens after each other, which mean something of their own.
    private static let label = "[a-zA-Z0-9]{1,20}(-[a-zA-Z0-9]{1,20}){0,2}"
    private static let ipv4 = "\(byte)(\\.\(byte)){3}"
    /// Five of them are a local part of 64 characters at most.
    private static let atom = "[a-zA-Z0-9!#$%&'*+/=?^_`{|}~-]{1,12}"

    /// Eight groups, the last two of which may be written as IPv4; `::` stands for one at least that are zero.
    private static let ipv6: String = {
        let group = "[0-9a-fA-F]{1,4}"
        var forms = ["(\(group):){7}\(group)", "(\(group):){6}\(ipv4)"]
        for count in 0...7 {
            let before = count == 0 ? "" : "\(group)(:\(group)){\(count - 1)}", rest = 7 - count
            let mixed = rest >= 2 ? "|(\(group):){0,\(rest - 2)}\(ipv4)" : ""
            forms.append("\(before)::" + (rest == 0 ? "" : "(\(group)(:\(group)){0,\(rest - 1)}\(mixed))?"))
        }
        return forms.joined(separator: "|")
    }()

    // Without counts: their states are few, so that most places in a URI have one mask.
    private static let uriName = "[a-zA-Z0-9._~!$&'()*+,;=-]|%[0-9a-fA-F]{2}", uriCharacter = "(\(uriName)|[:@])"
    private static let path = "(/\(uriCharacter)*)*"
    private static let authority = "//((\(uriName)|:)*@)?(\(uriName))*(:[0-9]*)?"
    private static let query = "(\\?(\(uriCharacter)|[/?])*)?(#(\(uriCharacter)|[/?])*)?"
    private static let uri =
        "[a-zA-Z][a-zA-Z0-9+.-]*:(\(authority)\(path)|/?\(uriCharacter)+\(path)|/?)\(query)"
    /// Its first part has no colon.
    private static let relative = "(\(authority)\(path)|/(\(uriCharacter)+\(path))?|(\(uriName)|@)+\(path)|)\(query)"
    private static let variable = "[a-zA-Z0-9_]+(\\.[a-zA-Z0-9_]+)*(:[1-9][0-9]{0,3}|\\*)?"
    private static let pointer = "(/([^/~]|~[01])*)*"

    /// Years, months and days, then hours, minutes and seconds, none left out between two; or weeks.
    private static let duration: String = {
        let number = "[0-9]{1,9}"
        let day = "\(number)D", month = "\(number)M(\(day))?", date = "(\(day)|\(month)|\(number)Y(\(month))?)"
        let second = "\(number)S", minute = "\(number)M(\(second))?", time = "(\(second)|\(minute)|\(number)H(\(minute))?)"
        return "P(\(date)(T\(time))?|T\(time)|\(number)W)"
    }()

    /// What a format asks for.
    enum Meaning {
        /// A match of a whole string.
        case regex(String)
        /// Nothing: the standard doesn't have it.
        case remark
        case unsupported
    }

    /// Formats that the standard doesn't have are remarks: whoever reads the schema can't know what they ask for, and the standard has
    /// validators pass over them.
    static func meaning(_ name: String) -> Meaning {
        if let regex = regex(name) { return .regex(regex) }
        return name == "regex" ? .unsupported : .remark
    }

    private static func regex(_ name: String) -> String? {
        switch name {
        case "date": date
        case "time": time
        case "date-time": "\(date)[tT]\(time)"
        case "duration": duration
        case "email", "idn-email": "\(atom)(\\.\(atom)){0,4}@\(label)(\\.\(label)){1,3}"
        case "hostname", "idn-hostname": "\(label)(\\.\(label)){0,3}"
        case "uuid": "[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
        case "ipv4": ipv4
        case "ipv6": ipv6
        case "uri", "iri": uri
        case "uri-reference", "iri-reference": "\(uri)|\(relative)"
        case "uri-template": "(\(uriCharacter)|/|\\?|\\{[+#./;?&]?\(variable)(,\(variable)){0,9}\\}){0,200}"
        case "json-pointer": pointer
        case "relative-json-pointer": "(0|[1-9][0-9]{0,8})(#|\(pointer))"
        default: nil
        }
    }
}
