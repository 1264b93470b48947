import Glibc

/// A moment as text, with nanoseconds, in Greenwich (RFC 3339).
enum Timestamp {
    /// "2026-11-28T08:49:37.012345678Z"
    static var now: String {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return text(seconds: time.tv_sec, nanoseconds: time.tv_nsec)
    }

    /// The text of a moment: seconds since 1970, and nanoseconds more.
    static func text(seconds: Int, nanoseconds: Int = 0) -> String {
        var seconds = seconds, date = tm()
        guard gmtime_r(&seconds, &date) != nil else { return "1970-01-01T00:00:00.000000000Z" }
        func padded(_ number: Int, _ digits: Int) -> String {
            let text = String(number)
            return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
        }
        func two(_ number: Int32) -> String { padded(Int(number), 2) }
        return "\(padded(Int(date.tm_year) + 1900, 4))-\(two(date.tm_mon + 1))-\(two(date.tm_mday))T"
            + "\(two(date.tm_hour)):\(two(date.tm_min)):\(two(date.tm_sec)).\(padded(nanoseconds, 9))Z"
    }
}
