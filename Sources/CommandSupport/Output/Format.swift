import Glibc

/// Numbers as people read them.
public enum Format {
    /// A number with `digits` digits after the point.
    public static func fixed(_ value: Double, digits: Int) -> String { print("%.*f", Int32(digits), value) }

    /// A number in three digits, with an exponent where it is small, and all digits before the point where it is large:
    /// `0.0412`, `3.2e-06`, `12345`.
    public static func short(_ value: Double) -> String { print(value.magnitude < 999.5 ? "%.3g" : "%.0f", value) }

    /// A count of bytes in three digits: `999 B`, `1.23 kB`, `45.6 MB`. Units are powers of 1000.
    public static func bytes(_ count: Int) -> String { bytes(Double(count)) }

    /// The same for a rate or an average.
    public static func bytes(_ count: Double) -> String { scaled(count, units: ["B", "kB", "MB", "GB", "TB", "PB", "EB"]) }

    /// A count of anything in three digits: `999`, `4.07 million`, `2.68 billion`.
    public static func count(_ count: Int) -> String {
        scaled(Double(count), units: ["", "thousand", "million", "billion", "trillion"])
    }

    /// A number in three digits and its unit; units are a factor of 1000 apart.
    private static func scaled(_ count: Double, units: [String]) -> String {
        var value = count
        var unit = 0
        // 999.5 would be shown as 1000.
        while value >= 999.5, unit + 1 < units.count {
            value /= 1000
            unit += 1
        }
        let digits = unit == 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2
        let number = fixed(value, digits: digits)
        return units[unit].isEmpty ? number : "\(number) \(units[unit])"
    }

    /// A time: `8 s`, `2 min 05 s`, `1 h 02 min`.
    public static func duration(seconds: Double) -> String {
        guard seconds.isFinite, seconds < 1e9 else { return "long" }
        let whole = Int(max(0, seconds).rounded())
        func twoDigits(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return switch whole {
        case ..<60: "\(whole) s"
        case ..<3600: "\(whole / 60) min \(twoDigits(whole % 60)) s"
        default: "\(whole / 3600) h \(twoDigits(whole / 60 % 60)) min"
        }
    }

    /// printf(3): Swift's own conversions have no precision.
    private static func print(_ format: String, _ arguments: any CVarArg...) -> String {
        withVaList(arguments) { list in
            withUnsafeTemporaryAllocation(of: CChar.self, capacity: 512) { buffer in
                // A longer number would be cut; it can't overrun.
                _ = vsnprintf(buffer.baseAddress, buffer.count, format, list)
                return buffer.baseAddress.map { String(cString: $0) } ?? ""
            }
        }
    }
}
