import Glibc

/// The time as HTTP writes it (RFC 9110, 5.6.7), in English whatever the user's language is.
enum HTTPDate {
    /// "Sun, 06 Nov 1994 08:49:37 GMT"
    static var now: String { text(time(nil)) }

    static func text(_ seconds: time_t) -> String {
        var seconds = seconds
        var date = tm()
        guard gmtime_r(&seconds, &date) != nil, days.indices.contains(Int(date.tm_wday)), months.indices.contains(Int(date.tm_mon))
        else { return "Thu, 01 Jan 1970 00:00:00 GMT" }
        let clock = "\(two(date.tm_hour)):\(two(date.tm_min)):\(two(date.tm_sec))"
        let day = "\(two(date.tm_mday)) \(months[Int(date.tm_mon)]) \(Int(date.tm_year) + 1900)"
        return "\(days[Int(date.tm_wday)]), \(day) \(clock) GMT"
    }

    private static func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }

    private static let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
}
