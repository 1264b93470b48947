import CommandSupport

/// Numbers of a report as people read them.
enum Figures {
    /// Three digits: `6.04`, `20.9`, `326`, `1208`.
    static func threeDigits(_ value: Double) -> String {
        Format.fixed(value, digits: value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2)
    }

    /// `20.9 ± 0.2`, the deviation with the digits of the mean.
    static func meanAndDeviation(_ samples: Samples) -> String {
        let mean = threeDigits(samples.mean)
        let digits = mean.split(separator: ".").dropFirst().first?.count ?? 0
        return "\(mean) ± \(Format.fixed(samples.deviation, digits: digits))"
    }

    /// `35.9 GB/s`, `892 GOPS`.
    static func rate(_ unit: Speed.Unit, _ value: Double) -> String { "\(threeDigits(value / 1e9)) \(name(unit))" }

    /// The mean of a limit or, if it changed meanwhile, both its values: `35.9 GB/s`, `37.1…68.8 GB/s`.
    static func limit(_ speed: Speed) -> String {
        let limit = speed.limit
        guard !limit.isSteady else { return rate(speed.unit, limit.mean) }
        return "\(threeDigits(limit.before / 1e9))…\(threeDigits(limit.after / 1e9)) \(name(speed.unit))"
    }

    /// `93 %`
    static func percent(_ fraction: Double) -> String { "\(Format.fixed(100 * fraction, digits: 0)) %" }

    private static func name(_ unit: Speed.Unit) -> String { unit == .bytes ? "GB/s" : "GOPS" }
}
